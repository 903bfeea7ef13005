import { type Shape, sameShape } from "../../tensor/shape.js";
import { badShapes, intsAttribute } from "../attributes.js";
import { inputAxis, outputAxis, same } from "../axis-tie.js";
import type { GraphNode } from "../graph.js";
import { defineOperator } from "../operator.js";

function order(node: GraphNode, shape: Shape): readonly number[] {
  const axes = shape.map((_, axis) => axis);
  const perm = intsAttribute(node, "perm", [...axes].reverse());
  if (
    !sameShape(
      [...perm].sort((a, b) => a - b),
      axes,
    )
  ) {
    throw badShapes(node, [shape], `[${perm.join(", ")}] is not an order of its axes`);
  }
  return perm;
}

export const transpose = defineOperator({
  type: "Transpose",
  inputs: { min: 1, max: 1 },
  shape: ({ node, inputShapes: [input] }) => [order(node, input).map((axis) => input[axis])],
  axes: ({ node, inputShapes: [input] }) =>
    order(node, input).map((axis, place) => same(inputAxis(0, axis), outputAxis(0, place))),
  gradient: ({ node, build, inputShapes: [input], outputGradients }) => {
    const perm = order(node, input);
    const inverse = perm.map((_, axis) => perm.indexOf(axis));
    return [build.node("Transpose", [outputGradients[0]!], { perm: { ints: inverse } })];
  },
  cases: [
    { name: "reversed", inputs: [{ shape: [2, 3] }] },
    { name: "three axes", inputs: [{ shape: [2, 3, 4] }], attributes: { perm: { ints: [1, 2, 0] } } },
  ],
});
