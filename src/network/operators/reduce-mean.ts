import { elementCount, type Shape } from "../../tensor/shape.js";
import { intAttribute, resolveAxis } from "../attributes.js";
import { inputAxis, outputAxis, same } from "../axis-tie.js";
import { defineOperator, type NodeFacts } from "../operator.js";

interface Reduction {
  readonly axes: readonly number[];
  /** With the reduced axes kept as 1. */
  readonly kept: Shape;
  readonly keepsAxes: boolean;
}

function reduction({ node, inputShapes, constantInput }: NodeFacts): Reduction {
  const [input] = inputShapes;
  const given = (node.inputs[1] ?? "") === "" ? [] : constantInput(1);
  const nothing = given.length === 0 && intAttribute(node, "noop_with_empty_axes", 0) !== 0;
  const all = given.length === 0 && !nothing ? input.map((_, axis) => axis) : given;
  const axes = all.map((axis) => resolveAxis(node, axis, input.length));
  const kept = input.map((size, axis) => (axes.includes(axis) ? 1 : size));
  return { axes, kept, keepsAxes: intAttribute(node, "keepdims", 1) !== 0 };
}

export const reduceMean = defineOperator({
  type: "ReduceMean",
  inputs: { min: 1, max: 2 },
  shape: (facts) => {
    const { axes, kept, keepsAxes } = reduction(facts);
    return [keepsAxes ? kept : kept.filter((_, axis) => !axes.includes(axis))];
  },
  axes: (facts) => {
    const { axes, keepsAxes } = reduction(facts);
    let place = 0;
    return facts.inputShapes[0].map((_, axis) => {
      const reduced = axes.includes(axis);
      const output = keepsAxes || !reduced ? place++ : undefined;
      return reduced ? same(inputAxis(0, axis)) : same(inputAxis(0, axis), outputAxis(0, output!));
    });
  },
  gradient: (context) => {
    const { build, inputShapes, outputGradients } = context;
    const { kept } = reduction(context);
    const share = elementCount(kept) / Math.max(1, elementCount(inputShapes[0]));
    const scaled = build.node("Mul", [outputGradients[0]!, build.scalar(share)]);
    const placed = build.node("Reshape", [scaled, build.ints(...kept)]);
    return [build.node("Expand", [placed, build.ints(...inputShapes[0])]), undefined];
  },
  cases: [
    { name: "everything", inputs: [{ shape: [2, 3] }] },
    {
      name: "two axes dropped",
      inputs: [{ shape: [2, 3, 2, 2] }, { shape: [2], values: [-1, 2], dtype: "i64", constant: true }],
      attributes: { keepdims: { int: 0 } },
    },
    {
      name: "one axis kept",
      inputs: [{ shape: [2, 3, 4] }, { shape: [1], values: [1], dtype: "i64", constant: true }],
    },
  ],
});
