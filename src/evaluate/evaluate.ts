import { OnebasinError } from "../core/errors.js";
import type { OnProgress } from "../core/progress.js";
import { createBatches } from "../data/create-batches.js";
import type { ImageSet } from "../data/image-set.js";
import type { InputFormat } from "../data/input-format.js";
import { inputFormatOf } from "../data/input-format-of.js";
import type { Network } from "../network/graph.js";
import { createInference } from "../network/inference.js";
import type { Runtime } from "../network/runtime.js";
import { floatsTensor, tensorFloats } from "../tensor/float32.js";
import { shapeText } from "../tensor/shape.js";
import type { StateDict } from "../tensor/tensor.js";
import { scoreLogits } from "./score-logits.js";

export interface EvaluateOptions {
  readonly runtime: Runtime;
  /** What the state dict is called in messages: a path. */
  readonly source?: string;
  /** How pixels are scaled; default as the network was told to expect, −1 to 1. */
  readonly normalise?: InputFormat["normalise"];
  /** Images per run; a whole number from 1; default 250. */
  readonly batch?: number;
  /** Which output of a network with several is judged; default the first. */
  readonly head?: string;
  /** ≥ 1; default as many as the machine has cores. */
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

export interface Evaluation {
  /** Percent of images whose largest logit is that of their class. */
  readonly accuracy: number;
  /** Mean cross-entropy in nats. */
  readonly loss: number;
  /** Number of images. */
  readonly count: number;
}

/** Images per run where nobody says otherwise. */
export const USUAL_BATCH = 250;

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
  options: EvaluateOptions,
): Promise<Evaluation> {
  const { batch = USUAL_BATCH, normalise, signal, onProgress } = options;
  const { network, state } = model;
  const format = inputFormatOf(network, { normalise });
  const { head = network.outputs[0].name } = options;
  const outputs = network.outputs.length > 1 ? [head] : undefined;
  const inference = await createInference(network, state, { ...options, outputs });
  try {
    let correct = 0;
    let loss = 0;
    let done = 0;
    for (const { images: pixels, labels, count } of createBatches(images, { format, batch })) {
      if (signal?.aborted) throw new OnebasinError("aborted", `The evaluation on ${images.name} was stopped.`);
      const results = await inference.run(floatsTensor([count, format.channels, format.size, format.size], pixels));
      const logits = results[head];
      if (logits.shape.length !== 2 || logits.shape[1] < images.classes) {
        throw new OnebasinError(
          "mismatch",
          `${network.name} gives ${shapeText(logits.shape)}; ${images.name} has ${images.classes} classes.`,
        );
      }
      const score = scoreLogits(tensorFloats(logits), labels);
      correct += score.correct;
      loss += score.loss;
      done += count;
      onProgress?.({ stage: `evaluating on ${images.name}`, done, total: images.count, unit: "images" });
    }
    return { accuracy: (100 * correct) / done, loss: loss / done, count: done };
  } finally {
    await inference.close();
  }
}
