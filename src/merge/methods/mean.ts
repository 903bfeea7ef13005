import { add, div } from "../expression/expression.js";
import { defineMergeMethod } from "../method.js";

export const mean = defineMergeMethod({
  id: "mean",
  title: "Mean",
  doc: "Averages the parameters of all models, each counting the same.",
  formula: "(a + b + …) / n",
  use: "Models fine-tuned from one start, or coupled while they trained. Models trained apart must be aligned first.",
  paper: "Wortsman et al., “Model soups”, ICML 2022",
  models: { min: 1 },
  base: "none",
  gives: "model",
  params: {},
  combine: ({ models }) =>
    div(
      models.reduce((total, model) => add(total, model)),
      models.length,
    ),
  cases: [
    {
      name: "averages two models",
      models: [
        [1, -2],
        [3, 4],
      ],
      expected: [2, 1],
    },
    { name: "averages three models", models: [[1], [2], [6]], expected: [3] },
    { name: "returns a lone model", models: [[1, 2]], expected: [1, 2] },
  ],
});
