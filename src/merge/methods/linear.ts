import { boolean } from "../../core/params.js";
import { div, weightedSum } from "../expression/expression.js";
import { defineMergeMethod } from "../method.js";

export const linear = defineMergeMethod({
  id: "linear",
  title: "Linear combination",
  doc: "Mixes models by weight; the weights are scaled to sum to 1 unless told otherwise.",
  formula: "Σ wᵢ·xᵢ / Σ wᵢ",
  use: "The usual mixture, when one model should count more than another. --weights 0.7,0.3 is the point 30 % of the way from a to b.",
  paper: "Wortsman et al., “Model soups”, ICML 2022",
  models: { min: 1 },
  base: "none",
  defaultWeight: 1,
  gives: "model",
  params: {
    normalize: boolean({ doc: "Divide by the sum of the weights.", default: true }),
  },
  problem: ({ weights, params }) =>
    params.normalize && weights.reduce((sum, weight) => sum + weight, 0) === 0
      ? "The weights sum to 0, so they cannot be scaled to sum to 1; set normalize=false to use them as they are."
      : undefined,
  combine: ({ models, weights, params }) => {
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return params.normalize ? div(weightedSum(models, weights), total) : weightedSum(models, weights);
  },
  cases: [
    {
      name: "divides by the sum of the weights",
      models: [
        [0, 8],
        [4, 0],
      ],
      weights: [3, 1],
      expected: [1, 6],
    },
    {
      name: "keeps the weights as they are",
      models: [[1], [10]],
      weights: [2, 3],
      params: { normalize: false },
      expected: [32],
    },
    { name: "weighs all the same by default", models: [[1], [3]], expected: [2] },
  ],
});
