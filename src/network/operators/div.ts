import { broadcastTies } from "../axis-tie.js";
import { broadcastShapes, sumTo } from "../broadcast.js";
import { defineOperator } from "../operator.js";

export const div = defineOperator({
  type: "Div",
  inputs: { min: 2, max: 2 },
  shape: ({ node, inputShapes }) => [broadcastShapes(node, inputShapes)],
  axes: ({ inputShapes, outputShapes }) => broadcastTies(inputShapes, outputShapes[0]),
  // d(a/b)/db = −(a/b)/b
  gradient: ({ build, inputs, outputs, inputShapes, outputShapes, outputGradients, wants }) => {
    const quotient = build.node("Div", [outputGradients[0]!, inputs[1]]);
    return [
      wants(0) ? sumTo(build, quotient, outputShapes[0], inputShapes[0]) : undefined,
      wants(1)
        ? build.node("Neg", [sumTo(build, build.node("Mul", [quotient, outputs[0]]), outputShapes[0], inputShapes[1])])
        : undefined,
    ];
  },
  cases: [
    { name: "equal shapes", inputs: [{ shape: [2, 3] }, { shape: [2, 3], positive: true }] },
    { name: "stretched", inputs: [{ shape: [3, 1] }, { shape: [2, 3, 2], positive: true }] },
  ],
});
