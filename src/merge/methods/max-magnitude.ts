import { abs, le, where } from "../expression/expression.js";
import { defineMergeMethod } from "../method.js";

export const maxMagnitude = defineMergeMethod({
  id: "max_magnitude",
  title: "Largest magnitude",
  doc: "Takes, at each position, the value furthest from zero; the earlier model where two are equally far.",
  formula: "xᵢ with the largest |xᵢ|",
  use: "Sparse models, or task vectors that touch different places. Between dense models trained apart it mixes at random.",
  models: { min: 2 },
  base: "none",
  gives: "model",
  params: {},
  combine: ({ models }) => models.reduce((chosen, model) => where(le(abs(model), abs(chosen)), chosen, model)),
  cases: [
    {
      name: "keeps the value furthest from zero",
      models: [
        [1, -5, 0],
        [-2, 3, 0.5],
      ],
      expected: [-2, -5, 0.5],
    },
    {
      name: "keeps the first of equals",
      models: [
        [2, -1],
        [-2, 1],
      ],
      expected: [2, -1],
    },
    { name: "looks at all models", models: [[1], [-3], [2]], expected: [-3] },
  ],
});
