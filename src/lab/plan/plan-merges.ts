import { methods } from "../../merge/methods.gen.js";
import type { Chosen, LabSettings } from "../settings/lab-settings.js";
import type { StageKind } from "../stage.js";
import { mergeStage } from "../stages/merge.js";
import { namedId, paramsText } from "./chosen-names.js";
import { mergeCost } from "./costs.js";
import { mergedRows } from "./merged-rows.js";
import type { Part, Row, Template } from "./part.js";
import { coupleId } from "./plan-coupled.js";

/** The mean is what other ways are compared with. */
const withMean = (chosen: readonly Chosen[]): readonly Chosen[] =>
  chosen.some(({ id }) => id === "mean") ? chosen : [{ id: "mean", params: {} }, ...chosen];

/** Merges of the parents as they are; methods of task vectors merge the pair that had one start. */
export function planMerges(settings: LabSettings): Part {
  const { data, repair } = settings;
  const templates: Template[] = [];
  const rows: Row[] = [];
  const ofParents = { a: "train-a", b: "train-b" };
  const add = (
    id: string,
    chosen: Chosen,
    more: { readonly buffers?: "fresh"; readonly inputs: Template["inputs"]; readonly title: string },
  ) => {
    templates.push({
      id: `merge-${id}`,
      title: `Merge: ${more.title}`,
      kind: mergeStage as StageKind,
      settings: (seed) => ({
        method: chosen.id,
        params: chosen.params,
        buffers: more.buffers ?? "merge",
        seed,
        repair,
        perDataset: id === "mean",
        variances: id === "mean",
      }),
      inputs: more.inputs,
      cost: mergeCost(settings),
    });
  };
  const parameters = "Sum of parameters()";
  add("sum-parameters", { id: "sum", params: {} }, { buffers: "fresh", inputs: ofParents, title: parameters });
  rows.push({
    ...mergedRows(
      {
        id: "sum-parameters",
        group: "plain",
        title: `${parameters}, statistics fresh`,
        detail:
          "What adding the parameters of both in a loop gives: batch-norm statistics are not parameters, and stay those of a new network.",
        stage: "merge-sum-parameters",
      },
      { perDataset: false },
    )[0],
  });
  for (const chosen of withMean(settings.methods)) {
    const method = methods.find(({ id }) => id === chosen.id);
    const fromStart = method?.base === "required";
    if (fromStart && !settings.couple.lambda.includes(0)) continue;
    const id = namedId(chosen);
    const title = `${method?.title ?? chosen.id}${paramsText(chosen)}${fromStart ? ", from one start" : ""}`;
    add(id, chosen, { inputs: fromStart ? { pair: coupleId(0) } : ofParents, title });
    rows.push(
      ...mergedRows(
        {
          id,
          group: "plain",
          title,
          detail: fromStart
            ? `Two networks trained on ${data[0]} and on ${data[1]} from one start, merged by what each learned on top of it.`
            : `Both parents merged as they are, by "${chosen.id}".`,
          stage: `merge-${id}`,
        },
        { perDataset: id === "mean" },
      ),
    );
  }
  return { templates, rows };
}
