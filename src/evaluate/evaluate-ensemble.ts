import { OnebasinError } from "../core/errors.js";
import { createBatches } from "../data/create-batches.js";
import type { ImageSet } from "../data/image-set.js";
import { inputFormatOf } from "../data/input-format-of.js";
import type { Network } from "../network/graph.js";
import { createInference, type Inference } from "../network/inference.js";
import { floatsTensor, tensorFloats } from "../tensor/float32.js";
import type { StateDict } from "../tensor/tensor.js";
import { type EvaluateOptions, type Evaluation, USUAL_BATCH } from "./evaluate.js";
import { scoreLogits } from "./score-logits.js";

/** A member of an ensemble. */
export interface EnsembleMember {
  readonly network: Network;
  readonly state: StateDict;
  /** Which of its outputs; default the first. */
  readonly head?: string;
}

/**
 * How well networks do together: the class with the largest mean of their softmax outputs. All take the same input
 * and tell the same classes apart.
 *
 * Cost: one forward pass of every member over the set.
 *
 * @throws `mismatch` when members give different numbers of classes or fewer than the images have, `aborted`
 */
export async function evaluateEnsemble(
  members: readonly EnsembleMember[],
  images: ImageSet,
  options: Omit<EvaluateOptions, "head">,
): Promise<Evaluation> {
  const { batch = USUAL_BATCH, normalise, signal, onProgress } = options;
  const format = inputFormatOf(members[0].network, { normalise });
  const running: { readonly inference: Inference; readonly head: string }[] = [];
  try {
    for (const { network, state, head = network.outputs[0].name } of members) {
      const outputs = network.outputs.length > 1 ? [head] : undefined;
      running.push({ head, inference: await createInference(network, state, { ...options, outputs }) });
    }
    let correct = 0;
    let loss = 0;
    let done = 0;
    for (const { images: pixels, labels, count } of createBatches(images, { format, batch })) {
      if (signal?.aborted) throw new OnebasinError("aborted", `The evaluation on ${images.name} was stopped.`);
      const input = floatsTensor([count, format.channels, format.size, format.size], pixels);
      let sum: Float64Array | undefined;
      for (const { inference, head } of running) {
        const { shape, ...logits } = (await inference.run(input))[head];
        if (shape.length !== 2 || shape[1] < images.classes || (sum !== undefined && sum.length !== count * shape[1])) {
          throw new OnebasinError(
            "mismatch",
            `Members of an ensemble must tell the same classes apart; one gives [${shape.join(", ")}] for ${images.classes} classes of ${images.name}.`,
          );
        }
        sum ??= new Float64Array(count * shape[1]);
        addSoftmax(sum, tensorFloats({ shape, ...logits }), shape[1]);
      }
      // The logarithm of a mean of probabilities is a logit: its softmax is the mean itself.
      const score = scoreLogits((sum as Float64Array).map(Math.log), labels);
      correct += score.correct;
      loss += score.loss;
      done += count;
      onProgress?.({ stage: `evaluating on ${images.name}`, done, total: images.count, unit: "images" });
    }
    return { accuracy: (100 * correct) / done, loss: loss / done, count: done };
  } finally {
    for (const { inference } of running) await inference.close();
  }
}

/** Adds softmax(logits), row by row. */
function addSoftmax(sum: Float64Array, logits: Float32Array, classes: number): void {
  for (let start = 0; start < logits.length; start += classes) {
    let largest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < classes; c++) largest = Math.max(largest, logits[start + c]);
    let total = 0;
    for (let c = 0; c < classes; c++) total += Math.exp(logits[start + c] - largest);
    for (let c = 0; c < classes; c++) sum[start + c] += Math.exp(logits[start + c] - largest) / total;
  }
}
