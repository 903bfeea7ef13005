import type { Moments } from "../activations/activation-moments.js";
import { inverseDeviations } from "./inverse-deviations.js";

export const METRICS = ["correlation", "inner-product", "distance"] as const;

export type Metric = (typeof METRICS)[number];

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
  const inverse = means.map((mean, model) => inverseDeviations(mean, squares[model]));
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
