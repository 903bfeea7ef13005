import type { Moments } from "../activations/activation-moments.js";

export const METRICS = ["correlation", "inner-product", "distance"] as const;

export type Metric = (typeof METRICS)[number];

/** A unit whose variance is this share of its mean square does nothing but rounding: it is never active, or constant. */
const LEAST_VARIANCE = 1e-6;

/**
 * How alike the units of two models are, [first, second]; larger is more alike.
 *
 *     correlation:   (E[xy] − E[x]E[y]) / (σx σy), 0 where a unit does nothing
 *     inner-product: E[xy]
 *     distance:      −E[(x − y)²]
 */
export function scoreMoments(
  { sizes: [rows, columns], means, squares, products }: Omit<Moments, "value" | "own">,
  metric: Metric,
): Float32Array {
  const inverse = means.map((mean, model) =>
    mean.map((value, unit) => {
      const variance = squares[model][unit] - value * value;
      return variance > LEAST_VARIANCE * squares[model][unit] ? 1 / Math.sqrt(variance) : 0;
    }),
  );
  const scores = new Float32Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const product = products[i * columns + j];
      scores[i * columns + j] =
        metric === "correlation"
          ? (product - means[0][i] * means[1][j]) * inverse[0][i] * inverse[1][j]
          : metric === "inner-product"
            ? product
            : 2 * product - squares[0][i] - squares[1][j];
    }
  }
  return scores;
}
