import { elementwiseTies } from "../axis-tie.js";
import { defineOperator } from "../operator.js";

export const relu = defineOperator({
  type: "Relu",
  inputs: { min: 1, max: 1 },
  shape: ({ inputShapes }) => [inputShapes[0]],
  axes: elementwiseTies,
  gradient: ({ build, outputs, outputGradients }) => [
    build.node("Mul", [outputGradients[0]!, build.node("Sign", [outputs[0]])]),
  ],
  cases: [{ name: "both signs", inputs: [{ shape: [2, 3, 4] }] }],
});
