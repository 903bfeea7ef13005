import { stringAttribute } from "../attributes.js";
import { elementwiseTies } from "../axis-tie.js";
import type { GraphBuilder } from "../graph-builder.js";
import { defineOperator } from "../operator.js";

/** Φ(x) + x·φ(x), with the normal distribution's Φ and density φ. */
function exactSlope(build: GraphBuilder, x: string): string {
  const erf = build.node("Erf", [build.node("Mul", [x, build.scalar(Math.SQRT1_2)])]);
  const share = build.node("Mul", [build.node("Add", [erf, build.scalar(1)]), build.scalar(0.5)]);
  const halfSquare = build.node("Mul", [build.node("Mul", [x, x]), build.scalar(-0.5)]);
  const density = build.node("Mul", [build.node("Exp", [halfSquare]), build.scalar(1 / Math.sqrt(2 * Math.PI))]);
  return build.node("Add", [share, build.node("Mul", [x, density])]);
}

/** Of ½x(1 + tanh u) with u = √(2/π)·(x + 0.044715x³). */
function tanhSlope(build: GraphBuilder, x: string): string {
  const root = Math.sqrt(2 / Math.PI);
  const cubic = 0.044715;
  const one = build.scalar(1);
  const half = build.scalar(0.5);
  const square = build.node("Mul", [x, x]);
  const bent = build.node("Add", [build.node("Mul", [square, build.scalar(cubic)]), one]);
  const u = build.node("Mul", [build.node("Mul", [x, bent]), build.scalar(root)]);
  const t = build.node("Tanh", [u]);
  const steep = build.node("Add", [build.node("Mul", [square, build.scalar(3 * cubic)]), one]);
  const inner = build.node("Mul", [build.node("Mul", [x, steep]), build.scalar(root)]);
  const curve = build.node("Mul", [build.node("Sub", [one, build.node("Mul", [t, t])]), inner]);
  return build.node("Mul", [build.node("Add", [build.node("Add", [t, one]), curve]), half]);
}

export const gelu = defineOperator({
  type: "Gelu",
  inputs: { min: 1, max: 1 },
  shape: ({ inputShapes }) => [inputShapes[0]],
  axes: elementwiseTies,
  gradient: ({ node, build, inputs, outputGradients }) => {
    const slope = stringAttribute(node, "approximate", "none") === "tanh" ? tanhSlope : exactSlope;
    return [build.node("Mul", [outputGradients[0]!, slope(build, inputs[0])])];
  },
  cases: [
    { name: "exact", inputs: [{ shape: [2, 3, 4] }] },
    { name: "tanh", inputs: [{ shape: [2, 3, 4] }], attributes: { approximate: { string: "tanh" } } },
  ],
});
