import { number } from "../../core/params.js";
import { abs, add, apply, div, dot, le, lt, max, min, mul, norm, where } from "../expression/expression.js";
import { defineMergeMethod } from "../method.js";

/** Below this norm a tensor has no direction. */
const SMALLEST_NORM = 1e-8;
/** Above this cosine the arc and the chord are the same, and the formula divides by almost nothing. */
const PARALLEL = 0.9995;

export const slerp = defineMergeMethod({
  id: "slerp",
  title: "Spherical interpolation",
  doc: "Moves from one model to the other along an arc, so that the norm does not sag in between.",
  formula: "[sin((1−t)θ)·a + sin(tθ)·b] / sin θ,   cos θ = a·b / (‖a‖‖b‖); nearly parallel: (1−t)·a + t·b",
  use: "Two models of one ancestor. Each tensor is taken as one vector, so it differs from the mean only where the models point apart.",
  paper: "Shoemake, “Animating rotation with quaternion curves”, SIGGRAPH 1985",
  models: { min: 2, max: 2 },
  base: "none",
  gives: "model",
  params: {
    t: number({ doc: "0 gives the first model, 1 the second.", min: 0, max: 1, default: 0.5 }),
  },
  combine: ({ models: [a, b], params: { t } }) => {
    const lengths = [norm(a), norm(b)].map((length) => where(le(length, SMALLEST_NORM), 1, length));
    const cosine = div(dot(a, b), mul(lengths[0], lengths[1]));
    const angle = apply("acos", max(min(cosine, 1), -1));
    const isParallel = lt(PARALLEL, abs(cosine));
    const share = (part: number) => where(isParallel, part, div(apply("sin", mul(angle, part)), apply("sin", angle)));
    return add(mul(a, share(1 - t)), mul(b, share(t)));
  },
  cases: [
    {
      name: "returns the first model at t = 0",
      models: [
        [1, 2, 3],
        [3, 1, -2],
      ],
      params: { t: 0 },
      expected: [1, 2, 3],
    },
    {
      name: "returns the second model at t = 1",
      models: [
        [1, 2, 3],
        [3, 1, -2],
      ],
      params: { t: 1 },
      expected: [3, 1, -2],
    },
    {
      name: "stays on the circle",
      models: [
        [1, 0],
        [0, 1],
      ],
      expected: [Math.SQRT1_2, Math.SQRT1_2],
    },
    {
      name: "is linear between parallel models",
      models: [
        [1, 1],
        [3, 3],
      ],
      params: { t: 0.25 },
      expected: [1.5, 1.5],
    },
    {
      name: "is linear between opposite models",
      models: [
        [2, 4],
        [-1, -2],
      ],
      params: { t: 0.5 },
      expected: [0.5, 1],
    },
    {
      name: "takes a tensor of zeros as direction-free",
      models: [
        [0, 0],
        [1, 0],
      ],
      params: { t: 0.5 },
      expected: [Math.SQRT1_2, 0],
    },
  ],
});
