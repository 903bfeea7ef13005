import { elementCount } from "../../tensor/shape.js";
import { abs, add, div, type Expression, exp, keep, log, lt, max, mul, sub, where } from "../expression/expression.js";
import { type Along, lastAxis } from "../expression/rows.js";
import { kthLargest } from "../expression/selection.js";
import { defineMergeMethod } from "../method.js";

/** Keeps the logarithm of a probability finite. */
const SMALLEST_PROBABILITY = 1e-8;
/** How many interquartile ranges above the median an outlier begins. */
const RANGES = 1.5;

export const arceeFusion = defineMergeMethod({
  id: "arcee_fusion",
  title: "Arcee fusion",
  doc: "Takes over from the second model only the changes that stand out in importance.",
  formula: "a + Δ where |Δ|·KL(softmax b ‖ softmax a) ≥ median + 1.5·IQR,   Δ = b − a, softmax along the last axis",
  use: "To bring in what a fine-tuned model changed most, and leave the rest of the first model alone.",
  models: { min: 2, max: 2 },
  base: "none",
  gives: "model",
  params: {},
  combine: ({ models: [a, b], shape }) => {
    const count = elementCount(shape);
    const change = sub(b, a);
    const importance = mul(abs(change), keep(divergence(b, a, lastAxis(shape))));
    const [quarter, threeQuarters] = [0.25, 0.75].map((share) => quantile(importance, share, count));
    const median = smallest(importance, Math.floor((count - 1) / 2), count);
    const threshold = add(median, mul(sub(threeQuarters, quarter), RANGES));
    return add(a, where(lt(importance, threshold), 0, change));
  },
  cases: [
    {
      name: "takes the change that stands out",
      models: [
        [0, 0, 0, 0, 0, 0, 0, 0],
        [0.1, 0.11, 0.12, 0.13, 0.14, 0.15, 0.16, 4],
      ],
      expected: [0, 0, 0, 0, 0, 0, 0, 4],
    },
    {
      name: "returns a model that did not change",
      models: [
        [1, 2],
        [1, 2],
      ],
      expected: [1, 2],
    },
  ],
});

/** Σ p·log(p/q) of a line's softmax; never below 0 but for rounding. */
function divergence(x: Expression, y: Expression, along: Along): Expression {
  const [p, q] = [x, y].map((values) => {
    const powers = exp(sub(values, along.largest(values)));
    return add(mul(powers, div(1, along.sum(powers))), SMALLEST_PROBABILITY);
  });
  return max(along.sum(mul(p, log(div(p, q)))), 0);
}

/** The element at this place (from 0) in ascending order. */
const smallest = (x: Expression, place: number, count: number): Expression => kthLargest(x, count - place);

/** Between the two elements that enclose the share, in proportion. */
function quantile(x: Expression, share: number, count: number): Expression {
  const place = share * (count - 1);
  const low = Math.max(0, Math.floor(place));
  const [below, above] = [low, Math.min(low + 1, count - 1)].map((at) => smallest(x, at, count));
  return add(below, mul(sub(above, below), place - low));
}
