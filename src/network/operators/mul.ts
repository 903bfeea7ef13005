import { broadcastTies } from "../axis-tie.js";
import { broadcastShapes, sumTo } from "../broadcast.js";
import { defineOperator } from "../operator.js";

export const mul = defineOperator({
  type: "Mul",
  inputs: { min: 2, max: 2 },
  shape: ({ node, inputShapes }) => [broadcastShapes(node, inputShapes)],
  axes: ({ inputShapes, outputShapes }) => broadcastTies(inputShapes, outputShapes[0]),
  gradient: ({ build, inputs, inputShapes, outputShapes, outputGradients, wants }) =>
    inputShapes.map((shape, index) =>
      wants(index)
        ? sumTo(build, build.node("Mul", [outputGradients[0]!, inputs[1 - index]]), outputShapes[0], shape)
        : undefined,
    ),
  cases: [
    { name: "equal shapes", inputs: [{ shape: [2, 3] }, { shape: [2, 3] }] },
    { name: "stretched", inputs: [{ shape: [2, 3, 2] }, { shape: [3, 1] }] },
  ],
});
