import { intAttribute, resolveAxis } from "../attributes.js";
import { elementwiseTies } from "../axis-tie.js";
import { defineOperator } from "../operator.js";

export const softmax = defineOperator({
  type: "Softmax",
  inputs: { min: 1, max: 1 },
  shape: ({ node, inputShapes }) => {
    resolveAxis(node, intAttribute(node, "axis", -1), inputShapes[0].length);
    return [inputShapes[0]];
  },
  axes: elementwiseTies,
  // dx = (dy − Σ dy·y)·y, the sum along the axis
  gradient: ({ node, build, inputShapes, outputs, outputGradients }) => {
    const axis = resolveAxis(node, intAttribute(node, "axis", -1), inputShapes[0].length);
    const weighted = build.node("Mul", [outputGradients[0]!, outputs[0]]);
    const sum = build.node("ReduceSum", [weighted, build.ints(axis)], { keepdims: { int: 1 } });
    return [build.node("Mul", [build.node("Sub", [outputGradients[0]!, sum]), outputs[0]])];
  },
  cases: [
    { name: "last axis", inputs: [{ shape: [3, 5] }] },
    { name: "a middle axis", inputs: [{ shape: [2, 3, 4] }], attributes: { axis: { int: 1 } } },
  ],
});
