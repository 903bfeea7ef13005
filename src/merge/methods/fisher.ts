import { boolean, number } from "../../core/params.js";
import { add, div, le, max, mul, norm, where } from "../expression/expression.js";
import { weightedMean } from "../formulas/weighted-mean.js";
import { defineMergeMethod } from "../method.js";

export const fisher = defineMergeMethod({
  id: "fisher",
  title: "Fisher-weighted mean",
  doc: "Weighs every number of every model by how much the model's answers depend on it.",
  formula: "Σ wᵢ·Fᵢ·xᵢ / Σ wᵢ·Fᵢ,   Fᵢ the diagonal of the Fisher information; where all are 0, the mean",
  use: "Models of one ancestor, and some images of each one's own task to measure the information on (onebasin statistics --kind fisher). Running statistics have none: their mean is taken.",
  paper: "Matena and Raffel, “Merging Models with Fisher-Weighted Averaging”, NeurIPS 2022",
  models: { min: 2 },
  base: "none",
  statistics: {
    kind: "fisher",
    title: "Fisher information",
    shapeFor: (shape) => shape,
    isRequired: true,
    isNonNegative: true,
  },
  defaultWeight: 1,
  gives: "model",
  params: {
    floor: number({ doc: "Information below this counts as this.", min: 0, default: 0 }),
    normalize: boolean({
      doc: "Divide each model's information by its norm in the tensor first, so that no model counts more by being less sure of everything.",
      default: false,
    }),
  },
  problem: ({ weights }) =>
    weights.some((weight) => weight < 0) || weights.every((weight) => weight === 0)
      ? `weights must be 0 or more, and not all 0; got ${weights.join(", ")}.`
      : undefined,
  combine: ({ models, statistics, weights, params }) => {
    const mean = weightedMean(models, weights);
    if (statistics === undefined) return mean;
    const importance = statistics.map((one, i) => {
      const length = norm(one);
      const scaled = params.normalize ? where(le(length, 0), one, div(one, length)) : one;
      return mul(max(scaled, params.floor), weights[i]);
    });
    const total = importance.reduce((sum, one) => add(sum, one));
    const over = models.map((model, i) => mul(model, importance[i])).reduce((sum, one) => add(sum, one));
    return where(le(total, 0), mean, div(over, total));
  },
  cases: [
    {
      name: "weighs each number by its information",
      models: [
        [1, 1, 4],
        [3, 3, 8],
      ],
      statistics: [
        [1, 3, 0],
        [1, 1, 2],
      ],
      expected: [2, 1.5, 8],
    },
    {
      name: "takes the mean where nothing is known",
      models: [[1], [3]],
      statistics: [[0], [0]],
      weights: [3, 1],
      expected: [1.5],
    },
    {
      name: "lifts information to the floor",
      models: [[1], [5]],
      statistics: [[0], [3]],
      params: { floor: 1 },
      expected: [4],
    },
    {
      name: "takes out how much information a model has in all",
      models: [
        [1, 1],
        [3, 3],
      ],
      statistics: [
        [30, 40],
        [4, 3],
      ],
      params: { normalize: true },
      expected: [2 + 1 / 7, 2 - 1 / 7],
    },
  ],
});
