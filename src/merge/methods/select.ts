import { integer } from "../../core/params.js";
import { defineMergeMethod } from "../method.js";

export const select = defineMergeMethod({
  id: "select",
  title: "Select",
  doc: "Takes every key whole from one model; rules say which keys come from another.",
  formula: "x of the chosen model",
  use: "To transplant parts: the trunk of one network under the head of another. --method select --rule 'classifier.*: copy b' takes the rest from a.",
  models: { min: 1 },
  base: "none",
  gives: "model",
  params: {
    from: integer({ doc: "Which model keys come from that no rule names, counted from 1.", min: 1, default: 1 }),
  },
  problem: ({ models, params: { from } }) =>
    from > models ? `from=${from} asks for a model beyond the last; there are ${models}.` : undefined,
  combine: ({ models, params: { from } }) => models[from - 1],
  cases: [
    {
      name: "takes the first model by default",
      models: [
        [1, 2],
        [3, 4],
      ],
      expected: [1, 2],
    },
    {
      name: "takes the model that was named",
      models: [
        [1, 2],
        [3, 4],
      ],
      params: { from: 2 },
      expected: [3, 4],
    },
  ],
});
