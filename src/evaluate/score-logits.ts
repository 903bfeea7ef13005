/** Sums over images. */
export interface Score {
  /** Number of images whose largest logit is that of their label; of equal ones the first counts. */
  readonly correct: number;
  /** Σ −log softmax(logits)[label], in nats. */
  readonly loss: number;
}

/**
 * Compares logits with labels.
 *
 * @param logits [n, classes], row by row
 * @param labels [n], each in [0, classes)
 */
export function scoreLogits(logits: ArrayLike<number>, labels: ArrayLike<number>): Score {
  const classes = logits.length / labels.length;
  let correct = 0;
  let loss = 0;
  for (let row = 0; row < labels.length; row++) {
    const start = row * classes;
    let best = 0;
    for (let c = 1; c < classes; c++) if (logits[start + c] > logits[start + best]) best = c;
    if (best === labels[row]) correct++;
    const largest = logits[start + best];
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp(logits[start + c] - largest);
    loss += Math.log(sum) + largest - logits[start + labels[row]];
  }
  return { correct, loss };
}
