import { boolean } from "../../core/params.js";
import { abs, add, apply, div, type Expression, lt, max, min, mul, where } from "../expression/expression.js";
import { type Along, firstAxis, lastAxis, wholeTensor } from "../expression/rows.js";
import { taskVectors } from "../formulas/task-vectors.js";
import { defineMergeMethod } from "../method.js";

/** A vector shorter than this has no direction. */
const SMALLEST_NORM = 1e-7;
/** Below this the arc and the chord are the same. */
const SMALLEST_SINE = 1e-8;
const SMALLEST_WEIGHT = 1e-6;

export const nuslerp = defineMergeMethod({
  id: "nuslerp",
  title: "Spherical interpolation by weights",
  doc: "Moves along the arc between two models, or between their changes to a base; as a whole or line by line.",
  formula: "[sin((1−t)θ)·a + sin(tθ)·b] / sin θ,   t = w₂ / (w₁ + w₂), on tensors, rows or columns",
  use: "As slerp; with a base, on what fine-tuning changed. Line by line, each unit keeps its own angle.",
  paper: "Shoemake, “Animating rotation with quaternion curves”, SIGGRAPH 1985",
  models: { min: 2, max: 2 },
  base: "optional",
  defaultWeight: 1,
  gives: "model",
  params: {
    nuslerp_flatten: boolean({ doc: "Take each tensor as one vector.", default: true }),
    nuslerp_row_wise: boolean({
      doc: "When not flattened: lines along the first axis instead of the last.",
      default: false,
    }),
  },
  combine: ({ models, base, weights: [first, second], params, shape }) => {
    const total = first + second;
    const t = Math.abs(total) < SMALLEST_WEIGHT ? 0.5 : second / total;
    const along = params.nuslerp_flatten ? wholeTensor : params.nuslerp_row_wise ? firstAxis(shape) : lastAxis(shape);
    const [a, b] = base === undefined ? models : taskVectors(models, base);
    const mixed = arc(a, b, { t, along });
    return base === undefined ? mixed : add(base, mixed);
  },
  cases: [
    {
      name: "stays on the circle",
      models: [
        [1, 0],
        [0, 1],
      ],
      expected: [Math.SQRT1_2, Math.SQRT1_2],
    },
    {
      name: "takes the share of the second weight",
      models: [
        [1, 2],
        [3, -1],
      ],
      weights: [1, 0],
      expected: [1, 2],
    },
    {
      name: "moves the changes to a base",
      models: [
        [2, 1],
        [1, 2],
      ],
      base: [1, 1],
      expected: [1 + Math.SQRT1_2, 1 + Math.SQRT1_2],
    },
    {
      name: "is linear between parallel models",
      models: [
        [1, 1],
        [3, 3],
      ],
      weights: [3, 1],
      expected: [1.5, 1.5],
    },
  ],
});

function arc(a: Expression, b: Expression, { t, along }: { readonly t: number; readonly along: Along }): Expression {
  const [lengthA, lengthB] = [a, b].map((x) => max(along.norm(x), SMALLEST_NORM));
  const cosine = max(min(div(along.dot(a, b), mul(lengthA, lengthB)), 1), -1);
  const angle = apply("acos", cosine);
  const sine = apply("sin", angle);
  const isLine = lt(abs(sine), SMALLEST_SINE);
  const share = (part: number): Expression => where(isLine, part, div(apply("sin", mul(angle, part)), sine));
  return add(mul(a, share(1 - t)), mul(b, share(t)));
}
