import { OnebasinError } from "../core/errors.js";
import type { ImageSet } from "../data/image-set.js";
import { tensorFloats } from "../tensor/float32.js";
import { shapeText } from "../tensor/shape.js";
import type { Tensor } from "../tensor/tensor.js";
import type { Evaluation } from "./evaluate.js";
import { type JudgedNetwork, type RunBatchesOptions, runBatches } from "./run-batches.js";
import { scoreLogits } from "./score-logits.js";

/** A member of an ensemble. */
export type EnsembleMember = JudgedNetwork;

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
  options: RunBatchesOptions,
): Promise<Evaluation> {
  let correct = 0;
  let loss = 0;
  let done = 0;
  for await (const { outputs, labels, count } of runBatches(members, images, options)) {
    checkOutputs(outputs, images);
    const classes = outputs[0].shape[1];
    const sum = new Float64Array(count * classes);
    for (const logits of outputs) addSoftmax(sum, tensorFloats(logits), classes);
    // The logarithm of a mean of probabilities is a logit: its softmax is the mean itself.
    const score = scoreLogits(sum.map(Math.log), labels);
    correct += score.correct;
    loss += score.loss;
    done += count;
  }
  return { accuracy: (100 * correct) / done, loss: loss / done, count: done };
}

function checkOutputs(outputs: readonly Tensor[], images: ImageSet): void {
  for (const { shape } of outputs) {
    if (shape.length === 2 && shape[1] >= images.classes && shape[1] === outputs[0].shape[1]) continue;
    throw new OnebasinError(
      "mismatch",
      `Members of an ensemble must tell the same classes apart; one gives ${shapeText(shape)} for ${images.classes} classes of ${images.name}.`,
    );
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
