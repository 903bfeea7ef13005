import type { LabResults } from "../results.js";

const HEAD = ["network", "group", "title", "repair", "merged", "dataset", "seed", "accuracy", "loss"];

/**
 * The table as CSV by RFC 4180: a line for each network, dataset and seed. Accuracy is in percent, loss in nats; the
 * last cells are empty where a number is missing.
 */
export function resultsCsv({ networks, experiment }: LabResults): string {
  const { datasets, seeds } = experiment;
  const rows = networks.flatMap(({ id, group, title, repair, isMerged, bySeed }) =>
    bySeed.flatMap((scores, i) =>
      scores.map(({ accuracy, loss }, dataset) => [
        id,
        group,
        title,
        repair,
        isMerged ? "yes" : "no",
        datasets[dataset],
        String(seeds[i]),
        number(accuracy),
        number(loss),
      ]),
    ),
  );
  return [HEAD, ...rows].map((row) => `${row.map(quoted).join(",")}\r\n`).join("");
}

const number = (value: number): string => (Number.isFinite(value) ? String(value) : "");

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
