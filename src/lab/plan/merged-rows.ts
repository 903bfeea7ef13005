import type { Scores } from "../judge.js";
import type { RepairKind } from "../results.js";
import type { JudgeCoupledFacts } from "../stages/judge-coupled.js";
import type { MergeFacts } from "../stages/merge.js";
import type { Row } from "./part.js";

/** Rows of one merged network: as it is, repaired, and with statistics for each dataset. */
export function mergedRows(
  base: Pick<Row, "id" | "group" | "title" | "detail" | "stage">,
  options: { readonly perDataset: boolean },
): Row[] {
  const kinds: readonly (readonly [
    RepairKind,
    string,
    string,
    (facts: MergeFacts | JudgeCoupledFacts) => Scores | undefined,
  ])[] = [
    ["plain", "", "", ({ plain }) => plain],
    [
      "repaired",
      ", repaired",
      " Its statistics were then recomputed on images of both datasets.",
      ({ repaired }) => repaired,
    ],
    [
      "per-dataset",
      ", statistics per dataset",
      " It keeps statistics for each dataset, and is told which it looks at.",
      ({ perDataset }) => perDataset,
    ],
  ];
  return kinds
    .filter(([repair]) => options.perDataset || repair !== "per-dataset")
    .map(([repair, suffix, more, scores]) => ({
      ...base,
      id: repair === "plain" ? base.id : `${base.id}-${repair}`,
      title: `${base.title}${suffix}`,
      detail: `${base.detail}${more}`,
      repair,
      isMerged: true,
      scores: (facts) => scores(facts as MergeFacts | JudgeCoupledFacts),
    }));
}
