import { elementwiseTies } from "../axis-tie.js";
import { defineOperator } from "../operator.js";

export const identity = defineOperator({
  type: "Identity",
  inputs: { min: 1, max: 1 },
  shape: ({ inputShapes }) => [inputShapes[0]],
  axes: elementwiseTies,
  gradient: ({ outputGradients }) => [outputGradients[0]],
  cases: [{ name: "three axes", inputs: [{ shape: [2, 3, 4] }] }],
});
