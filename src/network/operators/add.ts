import { broadcastTies } from "../axis-tie.js";
import { broadcastShapes, sumTo } from "../broadcast.js";
import { defineOperator } from "../operator.js";

export const add = defineOperator({
  type: "Add",
  inputs: { min: 2, max: 2 },
  shape: ({ node, inputShapes }) => [broadcastShapes(node, inputShapes)],
  axes: ({ inputShapes, outputShapes }) => broadcastTies(inputShapes, outputShapes[0]),
  gradient: ({ build, inputShapes, outputShapes, outputGradients, wants }) =>
    inputShapes.map((shape, index) =>
      wants(index) ? sumTo(build, outputGradients[0]!, outputShapes[0], shape) : undefined,
    ),
  cases: [
    { name: "equal shapes", inputs: [{ shape: [2, 3, 4] }, { shape: [2, 3, 4] }] },
    { name: "a bias", inputs: [{ shape: [2, 3] }, { shape: [3] }] },
    { name: "both stretched", inputs: [{ shape: [2, 1, 4] }, { shape: [3, 1] }] },
  ],
});
