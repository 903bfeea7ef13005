import { formatTable } from "../../core/format-table.js";
import { visibleText } from "../../core/visible-text.js";
import type { LabResults, NetworkGroup, Range } from "../results.js";
import { bestMerged } from "./find-network.js";
import { GROUPS } from "./groups.js";
import { sayPercent, sayRange } from "./say.js";

/** Stands behind the best merged network. */
const MARK = " *";

/** The table of networks by datasets for a terminal, the best merged network marked with a star. */
export function renderSummary(results: LabResults): string {
  const { networks, experiment, summary } = results;
  const best = bestMerged(results);
  const groups = (Object.keys(GROUPS) as NetworkGroup[]).filter((group) => networks.some((one) => one.group === group));
  const blocks = groups.map((group) => ({
    title: GROUPS[group],
    rows: networks
      .filter((one) => one.group === group)
      .map((one) => [`  ${one.title}`, ...[...one.accuracy, one.mean].flatMap(cells), one === best ? MARK : ""]),
  }));
  const head = ["", ...[...experiment.datasets, "mean"].flatMap((name) => [name, ""]), ""];
  const rows = blocks.flatMap((block) => block.rows);
  // Medians stand flush right; the ranges behind them flush left, as names do.
  const medians = head.flatMap((_, column) => (column % 2 === 1 ? [column] : []));
  const [heading, ...lines] = formatTable([head, ...rows], medians).split("\n");
  const { seeds } = experiment;
  return [
    `Accuracy in percent${seeds.length > 1 ? `, median over ${seeds.length} seeds and the range` : ""}`,
    "",
    heading,
    ...blocks.flatMap((block) => [block.title, ...lines.splice(0, block.rows.length)]),
    "",
    ...(best === undefined ? [] : ["* best merged network by the mean of both"]),
    visibleText(summary),
  ].join("\n");
}

const cells = (range: Range): string[] => [sayPercent(range.median), sayRange(range)];
