import { elementwiseTies } from "../axis-tie.js";
import { defineOperator } from "../operator.js";

/** ONNX's ratio when the input is left out. */
const USUAL_RATIO = 0.5;

export const dropout = defineOperator({
  type: "Dropout",
  inputs: { min: 1, max: 3 },
  shape: ({ inputShapes }) => [inputShapes[0], inputShapes[0]],
  axes: elementwiseTies,
  training: ({ node, build, inputs, inputShapes, constantInput, dropoutMask }) => {
    const ratio = (node.inputs[1] ?? "") === "" ? USUAL_RATIO : constantInput(1)[0];
    if (ratio === 0) return { outputs: [inputs[0]] };
    const mask = dropoutMask(inputShapes[0], ratio);
    return { outputs: [build.node("Mul", [inputs[0], mask])], saved: { mask } };
  },
  gradient: ({ build, outputGradients, saved }) => [
    saved.mask === undefined ? outputGradients[0] : build.node("Mul", [outputGradients[0]!, saved.mask]),
  ],
  cases: [
    { name: "a quarter", inputs: [{ shape: [4, 6] }, { shape: [], values: [0.25], constant: true }] },
    { name: "nothing", inputs: [{ shape: [4, 6] }, { shape: [], values: [0], constant: true }] },
  ],
});
