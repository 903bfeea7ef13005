import { boolean, number } from "../../core/params.js";
import { add, solve, weightedSum } from "../expression/expression.js";
import { gram, gramMatrix, normIn } from "../formulas/gram.js";
import { taskVectors } from "../formulas/task-vectors.js";
import { defineMergeMethod } from "../method.js";

export const multislerp = defineMergeMethod({
  id: "multislerp",
  title: "Spherical interpolation of many",
  doc: "Mixes directions and lengths apart: the weighted mean direction, with the weighted mean length.",
  formula: "Σ wᵢ‖xᵢ‖ · (Σ wᵢuᵢ) / ‖Σ wᵢuᵢ‖,   uᵢ = xᵢ / (‖xᵢ‖ + eps); on task vectors when a base is given",
  use: "Several models at once where slerp takes two. One step of what karcher repeats, with weights.",
  models: { min: 2 },
  base: "optional",
  defaultWeight: 1,
  gives: "model",
  params: {
    normalize_weights: boolean({ doc: "Divide by the sum of the weights.", default: true }),
    eps: number({ doc: "Added to each norm.", min: 0, default: 1e-8 }),
  },
  problem: ({ weights, params }) =>
    params.normalize_weights && weights.reduce((sum, weight) => sum + weight, 0) === 0
      ? "The weights sum to 0, so they cannot be scaled to sum to 1; set normalize_weights=false to use them as they are."
      : undefined,
  combine: ({ models, base, weights, params: { normalize_weights, eps } }) => {
    const total = normalize_weights ? weights.reduce((sum, weight) => sum + weight, 0) : 1;
    const tensors = base === undefined ? models : taskVectors(models, base);
    const shares = weights.map((weight) => weight / total);
    const mixed = weightedSum(tensors, solve(meanDirection, [eps, ...shares, ...gram(tensors)], tensors.length));
    return base === undefined ? mixed : add(base, mixed);
  },
  cases: [
    {
      name: "stands half-way on the arc between equal weights",
      models: [
        [2, 0],
        [0, 2],
      ],
      expected: [Math.SQRT2, Math.SQRT2],
    },
    {
      name: "works on task vectors when a base is given",
      models: [
        [3, 1],
        [1, 3],
      ],
      base: [1, 1],
      expected: [1 + Math.SQRT2, 1 + Math.SQRT2],
    },
    {
      name: "gives zeros for tensors of zeros",
      models: [
        [0, 0],
        [0, 0],
      ],
      expected: [0, 0],
    },
  ],
});

/**
 * Coefficients of the mean direction, scaled to the mean length. The exponential map that follows in the papers
 * moves by Σ wᵢ(uᵢ − (uᵢ·m)m), which is 0 when m is the direction of Σ wᵢuᵢ.
 *
 * @param values eps, one weight a tensor, the numbers of `gram`
 */
function meanDirection([eps, ...values]: readonly number[]): readonly number[] {
  // n weights and n(n+1)/2 products: n² + 3n − 2·length = 0.
  const count = Math.round((Math.sqrt(9 + 8 * values.length) - 3) / 2);
  const weights = values.slice(0, count);
  const products = gramMatrix(values.slice(count), count);
  const norms = products.map((row, i) => Math.sqrt(row[i]));
  const coefficients = weights.map((weight, i) => weight / (norms[i] + eps));
  // No direction: all are zero, or they cancel.
  const length = norms.some((norm) => norm > 0) ? normIn(products, coefficients) : 0;
  if (!(length > 0)) return coefficients.map(() => 0);
  const scale = weights.reduce((sum, weight, i) => sum + weight * norms[i], 0);
  return coefficients.map((value) => (value * scale) / length);
}
