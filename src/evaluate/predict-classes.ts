import type { ImageSet } from "../data/image-set.js";
import type { Network } from "../network/graph.js";
import { tensorFloats } from "../tensor/float32.js";
import type { StateDict } from "../tensor/tensor.js";
import type { EvaluateOptions } from "./evaluate.js";
import { runBatches } from "./run-batches.js";

/**
 * The class of the largest logit of each image, [count]; of equal ones the first.
 *
 * Cost: one forward pass over the set.
 *
 * @throws `mismatch` when state and network do not fit, `aborted`
 */
export async function predictClasses(
  model: { readonly network: Network; readonly state: StateDict },
  images: ImageSet,
  { head, ...options }: EvaluateOptions,
): Promise<Int32Array> {
  const classes = new Int32Array(images.count);
  let done = 0;
  for await (const { outputs, count } of runBatches([{ ...model, head }], images, options)) {
    const logits = tensorFloats(outputs[0]);
    const width = logits.length / count;
    for (let row = 0; row < count; row++) {
      const own = logits.subarray(row * width, (row + 1) * width);
      classes[done++] = own.indexOf(Math.max(...own));
    }
  }
  return classes;
}
