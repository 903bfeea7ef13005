import { OnebasinError } from "../core/errors.js";
import { mergeModels } from "../library/merge-models.js";
import type { Locator } from "../library/model-input.js";
import { readStateDict } from "../library/read-state-dict.js";
import type { MergeOptions } from "../merge/merge-options.js";
import type { StateDict } from "../tensor/tensor.js";

/** State dicts only: the experiment's networks are in memory. */
const inMemory: Locator<never> = {
  what: "a state dict",
  isAddress: (_input): _input is never => false,
  open: async () => {
    throw new OnebasinError("usage", "The experiment merges networks in memory.");
  },
};

/** Merges networks in memory, on the calling thread. */
export async function mergeStates(
  models: readonly StateDict[],
  options: MergeOptions & { readonly base?: StateDict },
): Promise<StateDict> {
  return readStateDict(await mergeModels(models, options, inMemory), inMemory);
}
