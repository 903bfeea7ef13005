import type { LabResults, NetworkGroup, Range } from "../results.js";
import { bestMerged } from "./find-network.js";
import { GROUPS } from "./groups.js";
import { sayPercent, sayRange } from "./say.js";

/** The table of networks by datasets in Markdown, the best merged network in bold; ranges where there are several seeds. */
export function resultsMarkdown(results: LabResults): string {
  const { networks, experiment } = results;
  const best = bestMerged(results);
  const rows = (Object.keys(GROUPS) as NetworkGroup[]).flatMap((group) =>
    networks
      .filter((network) => network.group === group)
      .map((network) => {
        const cells = [escaped(network.title), ...[...network.accuracy, network.mean].map(cell)];
        return line(network === best ? cells.map((text) => `**${text}**`) : cells);
      }),
  );
  const head = ["network", ...experiment.datasets.map(escaped), "mean"];
  return [line(head), line(head.map((_, i) => (i === 0 ? "---" : "--:"))), ...rows, ""].join("\n");
}

const line = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;

function cell(range: Range): string {
  const ends = sayRange(range);
  return ends === "" ? sayPercent(range.median) : `${sayPercent(range.median)} (${ends})`;
}

/** What would be markup is text; lines stay lines. */
const escaped = (text: string): string => text.replace(/\p{Cc}/gu, " ").replace(/[\\`*_[\]<>|&]/g, "\\$&");
