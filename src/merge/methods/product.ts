import { mul } from "../expression/expression.js";
import { defineMergeMethod } from "../method.js";

export const product = defineMergeMethod({
  id: "product",
  title: "Product",
  doc: "Multiplies the parameters of all models, element by element.",
  formula: "a · b · …",
  use: "To apply masks or gains that are stored as a model. As a way to mix two networks it keeps only what both find large.",
  models: { min: 2 },
  base: "none",
  gives: "model",
  params: {},
  combine: ({ models }) => models.reduce((total, model) => mul(total, model)),
  cases: [
    {
      name: "multiplies two models",
      models: [
        [2, -3],
        [4, 5],
      ],
      expected: [8, -15],
    },
    { name: "multiplies three models", models: [[2], [3], [-0.5]], expected: [-3] },
  ],
});
