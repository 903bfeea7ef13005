import { basename } from "node:path";
import { formatTable } from "../core/format-table.js";
import type { CoupledResult, Scores } from "../node/couple-to-folder.js";

/** Accuracy of one coupled training: networks and their average × datasets. */
export function couplingTable({ networks, average, heads }: CoupledResult, datasets: readonly string[]): string {
  const cells = (scores: Scores): string[] => datasets.map((name) => percent(scores, name));
  const rows = networks.map(({ checkpoint, scores }) => [checkpoint, ...cells(scores)]);
  if (average !== undefined) {
    rows.push(["their average", ...cells(average.plain)]);
    if (average.repaired !== undefined) rows.push([`${average.checkpoint}, repaired`, ...cells(average.repaired)]);
    if (average.perDataset !== undefined) rows.push(["  with each dataset's statistics", ...cells(average.perDataset)]);
  }
  const table = formatTable(
    [["", ...datasets], ...rows],
    datasets.map((_, index) => index + 1),
  );
  return heads === undefined ? table : `${table}\n${heads.network}: ${heads.shared} tensors shared by all heads`;
}

/** Accuracy of several coupled trainings: strengths × networks and their average. */
export function sweepTable(results: readonly CoupledResult[], datasets: readonly string[]): string {
  const cell = (scores: Scores | undefined): string =>
    scores === undefined ? "–" : datasets.map((name) => percent(scores, name)).join(", ");
  const perDataset = results.some(({ average }) => average?.perDataset !== undefined);
  const heading = results[0].networks.map(({ checkpoint }) => basename(checkpoint, ".safetensors"));
  const rows = results.map(({ lambda, networks, average, history }) => [
    String(lambda),
    ...networks.map(({ scores }) => cell(scores)),
    cell(average?.plain),
    cell(average?.repaired),
    ...(perDataset ? [cell(average?.perDataset)] : []),
    `${(100 * history[history.length - 1].relative).toFixed(1)} %`,
  ]);
  const titles = ["lambda", ...heading, "average", "repaired", ...(perDataset ? ["per dataset"] : []), "apart"];
  const table = formatTable(
    [titles, ...rows],
    titles.map((_, index) => index),
  );
  return `percent right on ${datasets.join(", ")}\n\n${table}`;
}

function percent(scores: Scores, dataset: string): string {
  return scores[dataset] === undefined ? "–" : scores[dataset].accuracy.toFixed(1);
}
