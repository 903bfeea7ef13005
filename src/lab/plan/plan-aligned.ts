import type { LabSettings } from "../settings/lab-settings.js";
import type { StageKind } from "../stage.js";
import { alignStage } from "../stages/align.js";
import { mergeStage } from "../stages/merge.js";
import { namedId, paramsText } from "./chosen-names.js";
import { mergeCost, repairCost } from "./costs.js";
import { mergedRows } from "./merged-rows.js";
import type { Part, Row, Template } from "./part.js";

/** Means of the parents after their units were put in one order. */
export function planAligned(settings: LabSettings): Part {
  const { data, repair } = settings;
  const templates: Template[] = [];
  const rows: Row[] = [];
  for (const matcher of settings.align) {
    const id = namedId(matcher);
    const title = `Mean, aligned by ${matcher.id}${paramsText(matcher)}`;
    templates.push(
      {
        id: `align-${id}`,
        title: `Align by ${matcher.id}${paramsText(matcher)}`,
        kind: alignStage as StageKind,
        settings: (seed) => ({ using: matcher.id, params: matcher.params, seed }),
        inputs: { a: "train-a", b: "train-b" },
        cost: 4 * repairCost(settings),
      },
      {
        id: `merge-${id}-mean`,
        title: `Merge: ${title}`,
        kind: mergeStage as StageKind,
        settings: (seed) => ({
          method: "mean",
          params: {},
          buffers: "merge",
          seed,
          repair,
          perDataset: true,
          variances: matcher === settings.align[0],
        }),
        inputs: { a: "train-a", b: `align-${id}` },
        cost: mergeCost(settings),
      },
    );
    rows.push(
      ...mergedRows(
        {
          id: `${id}-mean`,
          group: "aligned",
          title,
          detail: `The units of the network trained on ${data[1]} were put in the order of the other's first, by ${matcher.id}.`,
          stage: `merge-${id}-mean`,
        },
        { perDataset: true },
      ),
    );
  }
  return { templates, rows };
}
