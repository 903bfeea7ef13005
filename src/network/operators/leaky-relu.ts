import { floatAttribute } from "../attributes.js";
import { elementwiseTies } from "../axis-tie.js";
import { defineOperator } from "../operator.js";

export const leakyRelu = defineOperator({
  type: "LeakyRelu",
  inputs: { min: 1, max: 1 },
  shape: ({ inputShapes }) => [inputShapes[0]],
  axes: elementwiseTies,
  gradient: ({ node, build, inputs, outputGradients }) => {
    const positive = build.node("Greater", [inputs[0], build.scalar(0)]);
    const slope = build.scalar(floatAttribute(node, "alpha", 0.01));
    const leaked = build.node("Mul", [outputGradients[0]!, slope]);
    return [build.node("Where", [positive, outputGradients[0]!, leaked])];
  },
  cases: [
    { name: "usual slope", inputs: [{ shape: [2, 3, 4] }] },
    { name: "given slope", inputs: [{ shape: [2, 5] }], attributes: { alpha: { float: 0.25 } } },
  ],
});
