import { OnebasinError } from "../core/errors.js";
import type { MergeOptions } from "../merge/merge-options.js";
import { modelName } from "../merge/model-name.js";
import type { TensorPlan } from "../merge/plan.js";
import { planMerge } from "../merge/plan-merge.js";
import { asCheckpoint, type Locator, type ModelInput } from "./model-input.js";

/** Models in order, called `a`, `b`, `c`, …; or an object that names them. */
export type ModelInputs<Address> = readonly ModelInput<Address>[] | Readonly<Record<string, ModelInput<Address>>>;

export interface MergeModelsOptions<Address> extends MergeOptions {
  /** The common ancestor, for methods of task vectors; called `base` in expressions and rules. */
  readonly base?: ModelInput<Address>;
  /** What was measured of each model, for methods that weigh by it: one checkpoint a model, in their order. */
  readonly statistics?: readonly ModelInput<Address>[];
}

/** Opens models, and plans a merge of them. */
export async function mergeModels<Address>(
  models: ModelInputs<Address>,
  options: MergeModelsOptions<Address>,
  locator: Locator<Address>,
): Promise<TensorPlan> {
  const { base, statistics = [], ...planOptions } = options;
  const opened = await Promise.all(
    named(models).map(async ([name, model]) => ({ name, checkpoint: await asCheckpoint(model, name, locator) })),
  );
  return planMerge(opened, {
    ...planOptions,
    base: base === undefined ? undefined : await asCheckpoint(base, "base", locator),
    statistics: await Promise.all(
      statistics.map((one, i) => asCheckpoint(one, `statistics of ${opened[i]?.name ?? i + 1}`, locator)),
    ),
  });
}

function named<Address>(models: ModelInputs<Address>): (readonly [string, ModelInput<Address>])[] {
  if (Array.isArray(models)) {
    return (models as readonly ModelInput<Address>[]).map((model, place) => [modelName(place), model] as const);
  }
  if (typeof models === "object" && models !== null && !(models instanceof Map)) {
    return Object.entries(models as Readonly<Record<string, ModelInput<Address>>>);
  }
  throw new OnebasinError("usage", "merge takes a list of models, or an object that names them.", {
    hint: 'Write merge(["first.pth", "second.pth"]) or merge({ a: "first.pth", b: "second.pth" }).',
  });
}
