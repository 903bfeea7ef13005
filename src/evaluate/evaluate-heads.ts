import type { ImageSet } from "../data/image-set.js";
import type { Network } from "../network/graph.js";
import { outputClasses } from "../network/output-classes.js";
import type { StateDict } from "../tensor/tensor.js";
import { type EvaluateOptions, type Evaluation, evaluate } from "./evaluate.js";
import { evaluateEnsemble } from "./evaluate-ensemble.js";

/** How one head does, or several by the mean of their softmax. */
export interface HeadEvaluation extends Evaluation {
  readonly heads: readonly string[];
}

/**
 * How well the heads of a network do on a set of images, each alone, and those with equally many classes together. Heads
 * with fewer classes than the images are left out.
 *
 * Cost: a forward pass over the set for each head, and one more of each for all together.
 *
 * @param options.heads names of outputs; default all
 * @returns the single ones in their order, then the mean of all if they can be averaged
 */
export async function evaluateHeads(
  model: { readonly network: Network; readonly state: StateDict },
  images: ImageSet,
  options: Omit<EvaluateOptions, "head"> & { readonly heads?: readonly string[] },
): Promise<HeadEvaluation[]> {
  const { heads = model.network.outputs.map(({ name }) => name), ...rest } = options;
  // A head of another task has nothing to say about more classes than its own.
  const able = heads.filter((head) => outputClasses(model.network, head) >= images.classes);
  const found: HeadEvaluation[] = [];
  for (const head of able) found.push({ heads: [head], ...(await evaluate(model, images, { ...rest, head })) });
  const classes = new Set(able.map((head) => outputClasses(model.network, head)));
  if (able.length < 2 || classes.size > 1) return found;
  const members = able.map((head) => ({ ...model, head }));
  return [...found, { heads: able, ...(await evaluateEnsemble(members, images, rest)) }];
}
