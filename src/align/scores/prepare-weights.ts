import { floatsTensor, tensorFloats } from "../../tensor/float32.js";
import type { StateDict, Tensor } from "../../tensor/tensor.js";
import { innerProduct } from "./inner-product.js";

export const WEIGHT_MEASURES = ["auto", "distance", "cosine"] as const;

/**
 * What weights are compared by.
 *
 * - `distance`: all parameters as they are
 * - `cosine`: each weight of two axes and more scaled to length 1, so that every layer counts alike; for networks with
 *   batch normalisation, where the size of a weight means nothing and scales and biases would outweigh all else
 * - `auto`: cosine where there are running statistics
 *
 * @returns the keys to compare, and the state dicts with these scaled
 */
export function prepareWeights(
  models: readonly StateDict[],
  options: { readonly parameters: readonly string[]; readonly measure: (typeof WEIGHT_MEASURES)[number] },
): { readonly keys: readonly string[]; readonly scaled: readonly StateDict[] } {
  const { parameters, measure } = options;
  const isNormalised = [...models[0].keys()].some((key) => key.endsWith("running_var"));
  if (measure === "distance" || (measure === "auto" && !isNormalised)) return { keys: parameters, scaled: models };
  const keys = parameters.filter((key) => (models[0].get(key)?.shape.length ?? 0) > 1);
  return { keys, scaled: models.map((state) => unitLength(state, keys)) };
}

function unitLength(state: StateDict, keys: readonly string[]): StateDict {
  const scaled = new Map(state);
  for (const key of keys) {
    const tensor = state.get(key) as Tensor;
    const length = Math.max(Math.sqrt(innerProduct(state, state, [key])), Number.MIN_VALUE);
    const values = tensorFloats(tensor).map((value) => value / length);
    scaled.set(key, floatsTensor(tensor.shape, values));
  }
  return scaled;
}
