import { elementCount, type Shape } from "../../tensor/shape.js";
import { intAttribute } from "../attributes.js";
import { inputAxis, outputAxis } from "../axis-tie.js";
import type { GraphNode } from "../graph.js";
import { defineOperator } from "../operator.js";

function split(node: GraphNode, shape: Shape): number {
  const axis = intAttribute(node, "axis", 1);
  return axis < 0 ? axis + shape.length : axis;
}

export const flatten = defineOperator({
  type: "Flatten",
  inputs: { min: 1, max: 1 },
  shape: ({ node, inputShapes }) => {
    const at = split(node, inputShapes[0]);
    return [[elementCount(inputShapes[0].slice(0, at)), elementCount(inputShapes[0].slice(at))]];
  },
  axes: ({ node, inputShapes }) => {
    const at = split(node, inputShapes[0]);
    const axes = inputShapes[0].map((_, axis) => inputAxis(0, axis));
    return [
      { kind: "product", whole: outputAxis(0, 0), factors: axes.slice(0, at) },
      { kind: "product", whole: outputAxis(0, 1), factors: axes.slice(at) },
    ];
  },
  gradient: ({ build, inputShapes, outputGradients }) => [
    build.node("Reshape", [outputGradients[0]!, build.ints(...inputShapes[0])]),
  ],
  cases: [
    { name: "images", inputs: [{ shape: [2, 3, 2, 2] }] },
    { name: "another axis", inputs: [{ shape: [2, 3, 4] }], attributes: { axis: { int: 2 } } },
    { name: "everything", inputs: [{ shape: [2, 3] }], attributes: { axis: { int: 0 } } },
  ],
});
