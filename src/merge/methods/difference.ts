import { sub } from "../expression/expression.js";
import { defineMergeMethod } from "../method.js";

export const difference = defineMergeMethod({
  id: "difference",
  title: "Difference",
  doc: "Subtracts the second model from the first: a task vector when the second is the first's ancestor.",
  formula: "a − b",
  use: "To keep what fine-tuning changed, and add it elsewhere: sum, or --expr 'a + 0.5*b'. The result is no model by itself.",
  paper: "Ilharco et al., “Editing models with task arithmetic”, ICLR 2023",
  models: { min: 2, max: 2 },
  base: "none",
  gives: "task vector",
  params: {},
  combine: ({ models: [a, b] }) => sub(a, b),
  cases: [
    {
      name: "subtracts the second model",
      models: [
        [3, 1],
        [1, 4],
      ],
      expected: [2, -3],
    },
  ],
});
