import { OnebasinError } from "../core/errors.js";
import { createBatches } from "../data/create-batches.js";
import type { ImageSet } from "../data/image-set.js";
import { inputFormatOf } from "../data/input-format-of.js";
import type { Network } from "../network/graph.js";
import { createInference } from "../network/inference.js";
import { floatsTensor, tensorFloats } from "../tensor/float32.js";
import type { StateDict } from "../tensor/tensor.js";
import { type EvaluateOptions, USUAL_BATCH } from "./evaluate.js";

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
  options: EvaluateOptions,
): Promise<Int32Array> {
  const { batch = USUAL_BATCH, normalise, signal } = options;
  const { network, state } = model;
  const format = inputFormatOf(network, { normalise });
  const { head = network.outputs[0].name } = options;
  const outputs = network.outputs.length > 1 ? [head] : undefined;
  const inference = await createInference(network, state, { ...options, outputs });
  try {
    const classes = new Int32Array(images.count);
    let done = 0;
    for (const { images: pixels, count } of createBatches(images, { format, batch })) {
      if (signal?.aborted) throw new OnebasinError("aborted", `Looking at ${images.name} was stopped.`);
      const results = await inference.run(floatsTensor([count, format.channels, format.size, format.size], pixels));
      const logits = tensorFloats(results[head]);
      const width = logits.length / count;
      for (let row = 0; row < count; row++) {
        const own = logits.subarray(row * width, (row + 1) * width);
        classes[done++] = own.indexOf(Math.max(...own));
      }
    }
    return classes;
  } finally {
    await inference.close();
  }
}
