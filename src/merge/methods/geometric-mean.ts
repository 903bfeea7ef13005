import { abs, add, eq, exp, log, mul, sign, weightedSum, where } from "../expression/expression.js";
import { defineMergeMethod } from "../method.js";

export const geometricMean = defineMergeMethod({
  id: "geometric_mean",
  title: "Geometric mean",
  doc: "Averages magnitudes on a logarithmic scale; the sign is that of the weighted sum.",
  formula: "sign(Σ wᵢ·xᵢ) · Π |xᵢ|^(wᵢ / Σw);   0 where any xᵢ is 0",
  use: "Quantities that act by multiplication (gains, scales). Small values pull harder than in the mean, so it thins a network out.",
  models: { min: 2 },
  base: "none",
  defaultWeight: 1,
  gives: "model",
  params: {},
  problem: ({ weights }) =>
    weights.reduce((sum, weight) => sum + weight, 0) > 0 ? undefined : "The weights must sum to more than 0.",
  combine: ({ models, weights }) => {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const logarithms = weightedSum(
      models.map((model) => log(abs(model))),
      weights.map((weight) => weight / total),
    );
    const direction = sign(weightedSum(models, weights));
    const isZero = models.map((model) => eq(model, 0)).reduce((some, here) => add(some, here));
    return where(isZero, 0, mul(direction, exp(logarithms)));
  },
  cases: [
    {
      name: "takes the root of the product",
      models: [
        [2, 9],
        [8, 1],
      ],
      expected: [4, 3],
    },
    { name: "weighs each model", models: [[1], [16]], weights: [1, 3], expected: [8] },
    {
      name: "follows the sign of the sum",
      models: [
        [-2, 2],
        [-8, -8],
      ],
      expected: [-4, -4],
    },
    {
      name: "is zero where a model is zero",
      models: [
        [0, 4],
        [5, 4],
      ],
      expected: [0, 4],
    },
  ],
});
