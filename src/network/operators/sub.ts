import { broadcastTies } from "../axis-tie.js";
import { broadcastShapes, sumTo } from "../broadcast.js";
import { defineOperator } from "../operator.js";

export const sub = defineOperator({
  type: "Sub",
  inputs: { min: 2, max: 2 },
  shape: ({ node, inputShapes }) => [broadcastShapes(node, inputShapes)],
  axes: ({ inputShapes, outputShapes }) => broadcastTies(inputShapes, outputShapes[0]),
  gradient: ({ build, inputShapes, outputShapes, outputGradients, wants }) => [
    wants(0) ? sumTo(build, outputGradients[0]!, outputShapes[0], inputShapes[0]) : undefined,
    wants(1) ? build.node("Neg", [sumTo(build, outputGradients[0]!, outputShapes[0], inputShapes[1])]) : undefined,
  ],
  cases: [
    { name: "equal shapes", inputs: [{ shape: [2, 3] }, { shape: [2, 3] }] },
    { name: "stretched", inputs: [{ shape: [2, 3, 2] }, { shape: [3, 1] }] },
  ],
});
