import { weightedSum } from "../expression/expression.js";
import { defineMergeMethod } from "../method.js";

export const sum = defineMergeMethod({
  id: "sum",
  title: "Sum",
  doc: "Adds the parameters of all models.",
  formula: "w₁·a + w₂·b + …   (weights 1 unless given)",
  use: "The literal “weights of A plus weights of B”. Activations grow with the number of models, so a network without normalisation rarely survives it; with batch norm, repair the statistics afterwards. For a mixture use mean.",
  models: { min: 1 },
  base: "none",
  defaultWeight: 1,
  gives: "model",
  params: {},
  combine: ({ models, weights }) => weightedSum(models, weights),
  cases: [
    {
      name: "adds two models",
      models: [
        [1, -2, 0.5],
        [3, 4, -0.5],
      ],
      expected: [4, 2, 0],
    },
    { name: "adds three models", models: [[1], [2], [4]], expected: [7] },
    {
      name: "weighs each model",
      models: [
        [1, 2],
        [10, 20],
      ],
      weights: [2, -0.5],
      expected: [-3, -6],
    },
  ],
});
