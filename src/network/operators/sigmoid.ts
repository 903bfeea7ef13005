import { elementwiseTies } from "../axis-tie.js";
import { defineOperator } from "../operator.js";

export const sigmoid = defineOperator({
  type: "Sigmoid",
  inputs: { min: 1, max: 1 },
  shape: ({ inputShapes }) => [inputShapes[0]],
  axes: elementwiseTies,
  // y′ = y·(1 − y)
  gradient: ({ build, outputs, outputGradients }) => {
    const rest = build.node("Sub", [build.scalar(1), outputs[0]]);
    return [build.node("Mul", [outputGradients[0]!, build.node("Mul", [outputs[0], rest])])];
  },
  cases: [{ name: "both signs", inputs: [{ shape: [2, 3, 4] }] }],
});
