import { div, type Expression, weightedSum } from "../expression/expression.js";

/** Σ wᵢ·xᵢ / Σ wᵢ */
export function weightedMean(models: readonly Expression[], weights: readonly number[]): Expression {
  return div(
    weightedSum(models, weights),
    weights.reduce((sum, weight) => sum + weight, 0),
  );
}
