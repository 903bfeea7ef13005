import { elementCount } from "../../tensor/shape.js";
import { badShapes } from "../attributes.js";
import { inputAxis, outputAxis, same } from "../axis-tie.js";
import { defineOperator } from "../operator.js";

export const globalAveragePool = defineOperator({
  type: "GlobalAveragePool",
  inputs: { min: 1, max: 1 },
  shape: ({ node, inputShapes }) => {
    if (inputShapes[0].length < 3) throw badShapes(node, inputShapes, "[n, c, …spatial] is expected");
    return [inputShapes[0].map((size, axis) => (axis < 2 ? size : 1))];
  },
  axes: ({ inputShapes }) =>
    inputShapes[0].map((_, axis) =>
      axis < 2 ? same(inputAxis(0, axis), outputAxis(0, axis)) : same(inputAxis(0, axis)),
    ),
  gradient: ({ build, inputShapes, outputGradients }) => {
    const share = build.scalar(1 / elementCount(inputShapes[0].slice(2)));
    const scaled = build.node("Mul", [outputGradients[0]!, share]);
    return [build.node("Expand", [scaled, build.ints(...inputShapes[0])])];
  },
  cases: [{ name: "images", inputs: [{ shape: [2, 3, 4, 2] }] }],
});
