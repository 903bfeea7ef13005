import { boolean } from "../../core/params.js";
import { add, div, type Expression, eq, max, min, mul, sub, where } from "../expression/expression.js";
import { type Along, lastAxis, wholeTensor } from "../expression/rows.js";
import { sumOf, taskVectors } from "../formulas/task-vectors.js";
import { defineMergeMethod } from "../method.js";

/** Keeps the cosine finite where a task vector is 0. */
const SMALLEST_PRODUCT = 1e-6;

export const modelStock = defineMergeMethod({
  id: "model_stock",
  title: "Model stock",
  doc: "Goes from the base towards the mean of the models as far as the angle between their changes says.",
  formula: "t·mean(xᵢ) + (1−t)·base,   t = N·c / (1 + (N−1)·c),   c = mean cosine of all pairs of δ",
  use: "Two or more fine-tuned models of one base, instead of a soup of many; nothing to tune.",
  paper: "Jang et al., “Model Stock: all we need is just a few fine-tuned models”, ECCV 2024",
  models: { min: 2 },
  base: "required",
  gives: "model",
  params: {
    filter_wise: boolean({
      doc: "Find the angles line by line of the last axis, not tensor by tensor.",
      default: false,
    }),
  },
  combine: ({ models, base, shape, params: { filter_wise } }) => {
    const deltas = taskVectors(models, base);
    const t = interpolation(deltas, filter_wise ? lastAxis(shape) : wholeTensor);
    const mean = div(sumOf(models), models.length);
    return add(mul(mean, t), mul(base as Expression, sub(1, t)));
  },
  cases: [
    {
      name: "returns the base when changes are at right angles",
      models: [
        [3, 1],
        [1, 3],
      ],
      base: [1, 1],
      expected: [1, 1],
    },
    {
      name: "returns the mean when changes are parallel",
      models: [
        [2, 2],
        [4, 4],
      ],
      base: [1, 1],
      expected: [3, 3],
    },
    {
      name: "returns the base when changes are opposite",
      models: [[2], [0]],
      base: [1],
      expected: [1],
    },
  ],
});

function interpolation(deltas: readonly Expression[], along: Along): Expression {
  const cosines = deltas.flatMap((a, i) =>
    deltas.slice(i + 1).map((b) => {
      const product = mul(along.norm(a), along.norm(b));
      return max(min(div(along.dot(a, b), max(product, SMALLEST_PRODUCT)), 1), -1);
    }),
  );
  const cosine = div(sumOf(cosines), cosines.length);
  const count = deltas.length;
  const divisor = add(mul(cosine, count - 1), 1);
  // Two opposite changes: nothing says how far to go, so nowhere.
  return where(eq(divisor, 0), 0, div(mul(cosine, count), divisor));
}
