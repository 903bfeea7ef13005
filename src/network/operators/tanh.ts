import { elementwiseTies } from "../axis-tie.js";
import { defineOperator } from "../operator.js";

export const tanh = defineOperator({
  type: "Tanh",
  inputs: { min: 1, max: 1 },
  shape: ({ inputShapes }) => [inputShapes[0]],
  axes: elementwiseTies,
  // y′ = 1 − y²
  gradient: ({ build, outputs, outputGradients }) => {
    const slope = build.node("Sub", [build.scalar(1), build.node("Mul", [outputs[0], outputs[0]])]);
    return [build.node("Mul", [outputGradients[0]!, slope])];
  },
  cases: [{ name: "both signs", inputs: [{ shape: [2, 3, 4] }] }],
});
