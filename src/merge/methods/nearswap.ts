import { number } from "../../core/params.js";
import { abs, add, div, max, min, mul, sub } from "../expression/expression.js";
import { defineMergeMethod } from "../method.js";

/** Keeps the quotient finite where both models agree. */
const SMALLEST_DISTANCE = 1e-6;

export const nearswap = defineMergeMethod({
  id: "nearswap",
  title: "Near swap",
  doc: "Moves the first model to the second where they are close, and leaves it where they are far apart.",
  formula: "w·b + (1−w)·a,   w = clamp(t / |a − b|, 0, 1)",
  use: "To season a model with another without moving the values on which they disagree.",
  models: { min: 2, max: 2 },
  base: "none",
  gives: "model",
  params: {
    t: number({ doc: "Distance up to which the second model's value is taken whole.", min: 0, default: 0.001 }),
  },
  combine: ({ models: [a, b], params: { t } }) => {
    const share = max(min(div(t, max(abs(sub(a, b)), SMALLEST_DISTANCE)), 1), 0);
    return add(mul(b, share), mul(a, sub(1, share)));
  },
  cases: [
    {
      name: "swaps near values",
      models: [
        [1, 1],
        [1.25, 2],
      ],
      params: { t: 0.5 },
      expected: [1.25, 1.5],
    },
    { name: "keeps the first model at t = 0", models: [[1], [2]], params: { t: 0 }, expected: [1] },
  ],
});
