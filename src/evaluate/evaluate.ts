import { OnebasinError } from "../core/errors.js";
import type { ImageSet } from "../data/image-set.js";
import type { Network } from "../network/graph.js";
import { tensorFloats } from "../tensor/float32.js";
import { shapeText } from "../tensor/shape.js";
import type { StateDict } from "../tensor/tensor.js";
import { type RunBatchesOptions, runBatches } from "./run-batches.js";
import { scoreLogits } from "./score-logits.js";

export interface EvaluateOptions extends RunBatchesOptions {
  /** Which output of a network with several is judged; default the first. */
  readonly head?: string;
}

export interface Evaluation {
  /** Percent of images whose largest logit is that of their class. */
  readonly accuracy: number;
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  /** Number of images. */
  readonly count: number;
}

/**
 * How well a network does on a set of images.
 *
 * Cost: one forward pass over the set. The state is copied into the runtime.
 *
 * @throws `mismatch` when state and network, or classes and logits, do not fit; `aborted`
 */
export async function evaluate(
  model: { readonly network: Network; readonly state: StateDict },
  images: ImageSet,
  { head, ...options }: EvaluateOptions,
): Promise<Evaluation> {
  let correct = 0;
  let loss = 0;
  let done = 0;
  for await (const { outputs, labels, count } of runBatches([{ ...model, head }], images, options)) {
    const [logits] = outputs;
    if (logits.shape.length !== 2 || logits.shape[1] < images.classes) {
      throw new OnebasinError(
        "mismatch",
        `${model.network.name} gives ${shapeText(logits.shape)}; ${images.name} has ${images.classes} classes.`,
      );
    }
    const score = scoreLogits(tensorFloats(logits), labels);
    correct += score.correct;
    loss += score.loss;
    done += count;
  }
  return { accuracy: (100 * correct) / done, loss: loss / done, count: done };
}
