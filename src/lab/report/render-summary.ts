import type { LabResults, NetworkGroup, Range } from "../results.js";
import { bestMerged } from "./find-network.js";
import { GROUPS } from "./groups.js";
import { sayPercent, sayRange } from "./say.js";

/** Stands behind the best merged network. */
const MARK = " *";
const GAP = "  ";

/** The table of networks by datasets for a terminal, the best merged network marked with a star. */
export function renderSummary(results: LabResults): string {
  const { networks, experiment, summary } = results;
  const best = bestMerged(results);
  const groups = (Object.keys(GROUPS) as NetworkGroup[]).filter((group) => networks.some((one) => one.group === group));
  const blocks = groups.map((group) => ({
    title: GROUPS[group],
    rows: networks
      .filter((one) => one.group === group)
      .map((one) => [`  ${plain(one.title)}`, ...[...one.accuracy, one.mean].flatMap(cells), one === best ? MARK : ""]),
  }));
  const head = ["", ...[...experiment.datasets.map(plain), "mean"].flatMap((name) => [name, ""]), ""];
  const rows = blocks.flatMap((block) => block.rows);
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => lengthOf(row[column]))));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const padding = " ".repeat(widths[column] - lengthOf(cell));
        return column === 0 || isRange(column) ? cell + padding : padding + cell;
      })
      .filter((_, column) => widths[column] > 0)
      .join(GAP)
      .trimEnd();
  const { seeds } = experiment;
  return [
    `Accuracy in percent${seeds.length > 1 ? `, median over ${seeds.length} seeds and the range` : ""}`,
    "",
    line(head),
    ...blocks.flatMap((block) => [block.title, ...block.rows.map(line)]),
    "",
    ...(best === undefined ? [] : ["* best merged network by the mean of both"]),
    plain(summary),
  ].join("\n");
}

const cells = (range: Range): string[] => [sayPercent(range.median), sayRange(range)];

/** Columns of ranges stand behind those of medians; flush left, as names do. */
const isRange = (column: number): boolean => column > 0 && column % 2 === 0;

const lengthOf = (text: string): number => [...text].length;

/** Names come from files of strangers: nothing in them may steer the terminal. */
const plain = (text: string): string => text.replace(/\p{Cc}/gu, " ");
