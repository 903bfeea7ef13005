/** What `merge` does with its options. A file of its own, so that it is loaded at once, and only when something is merged. */
import type { Checkpoint } from "../checkpoint/checkpoint.js";
import { OnebasinError } from "../core/errors.js";
import { parsePairs } from "../core/parse-named.js";
import { BUFFER_POLICIES } from "../merge/merge-options.js";
import { modelName } from "../merge/model-name.js";
import type { TensorPlan } from "../merge/plan.js";
import { parseWeights } from "../merge/rule.js";
import { type MergeOptions, merge, open } from "../node/checkpoints.js";
import { parseFloatDType } from "../tensor/dtype.js";
import { parseChoice, parseCount } from "./arguments.js";
import type { CliCall } from "./command.js";
import { type MergedOnNetworks, mergeOnNetworks } from "./merge-on-networks.js";
import { namedPath } from "./named-path.js";

export { checkOutputCheckpoint } from "../node/check-output.js";
export { save } from "../node/checkpoints.js";

/** All that the options ask for, checked; no number was read. */
export async function planFrom(call: CliCall): Promise<TensorPlan> {
  return merge(await openModels(call), await mergeOptions(call));
}

/** The same for models that are put in order, repaired or judged as networks: these are merged already. */
export async function mergedNetworks(call: CliCall): Promise<MergedOnNetworks> {
  return mergeOnNetworks(await openModels(call), await mergeOptions(call), call);
}

async function openModels({ args, options }: CliCall): Promise<Record<string, Checkpoint>> {
  const models: Record<string, Checkpoint> = {};
  for (const [i, { name, path }] of args.map(namedPath).entries()) {
    const key = name ?? modelName(i);
    if (key.includes("-")) {
      throw new OnebasinError("usage", `A model cannot be called "${key}": in a formula that is a difference.`, {
        hint: `Call it ${key.replaceAll("-", "_")}=${path}`,
      });
    }
    if (Object.hasOwn(models, key)) throw new OnebasinError("usage", `Two models are called "${key}".`);
    models[key] = await open(path, { entry: options.entry as string | undefined });
  }
  return models;
}

async function mergeOptions({ options }: CliCall): Promise<MergeOptions> {
  const entry = options.entry as string | undefined;
  return {
    method: options.method as string | undefined,
    expression: options.expr as string | undefined,
    params: parsePairs("--param", options.param),
    weights: options.weights === undefined ? undefined : parseWeights(options.weights as string),
    rules: options.rule as string[] | undefined,
    base: options.base === undefined ? undefined : await open(options.base as string, { entry }),
    statistics: await Promise.all(((options.statistics as string[] | undefined) ?? []).map((path) => open(path))),
    buffers: parseChoice("--buffers", options.buffers, BUFFER_POLICIES),
    dtype: options.dtype === undefined ? undefined : parseFloatDType(options.dtype as string),
    seed: parseCount("--seed", options.seed, 0),
    allowNonFinite: options.allowNonfinite === true,
  };
}
