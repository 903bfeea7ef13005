import { elementCount, type Shape } from "../../tensor/shape.js";
import { badShapes, intAttribute } from "../attributes.js";
import { type AxisTie, inputAxis, outputAxis, same } from "../axis-tie.js";
import { defineOperator, type NodeFacts } from "../operator.js";

function targetShape({ node, inputShapes, constantInput }: NodeFacts): Shape {
  const asked = constantInput(1);
  const keepsZero = intAttribute(node, "allowzero", 0) !== 0;
  const sizes = asked.map((size, axis) => (size === 0 && !keepsZero ? (inputShapes[0][axis] ?? 0) : size));
  const count = elementCount(inputShapes[0]);
  const known = elementCount(sizes.filter((size) => size !== -1));
  const shape = sizes.map((size) => (size === -1 ? count / known : size));
  if (elementCount(shape) !== count || shape.some((size) => !Number.isInteger(size) || size < 0)) {
    throw badShapes(node, [inputShapes[0]], `it holds ${count} elements, [${asked.join(", ")}] was asked for`);
  }
  return shape;
}

/** Pairs the shortest runs of axes that hold as many elements on both sides. */
function reshapeTies(from: Shape, to: Shape): AxisTie[] {
  const ties: AxisTie[] = [];
  let i = 0;
  let j = 0;
  while (i < from.length && j < to.length) {
    const [startI, startJ] = [i, j];
    let left = from[i++];
    let right = to[j++];
    while (left !== right) {
      if (left < right && i < from.length) left *= from[i++];
      else if (right < left && j < to.length) right *= to[j++];
      else return ties;
    }
    const inner = from.slice(startI, i).map((_, axis) => inputAxis(0, startI + axis));
    const outer = to.slice(startJ, j).map((_, axis) => outputAxis(0, startJ + axis));
    if (inner.length === 1 && outer.length === 1) ties.push(same(inner[0], outer[0]));
    else if (outer.length === 1) ties.push({ kind: "product", whole: outer[0], factors: inner });
    else if (inner.length === 1) ties.push({ kind: "product", whole: inner[0], factors: outer });
  }
  return ties;
}

export const reshape = defineOperator({
  type: "Reshape",
  inputs: { min: 2, max: 2 },
  shape: (facts) => [targetShape(facts)],
  axes: ({ inputShapes, outputShapes }) => reshapeTies(inputShapes[0], outputShapes[0]),
  gradient: ({ build, inputShapes, outputGradients }) => [
    build.node("Reshape", [outputGradients[0]!, build.ints(...inputShapes[0])]),
    undefined,
  ],
  cases: [
    { name: "flattening", inputs: [{ shape: [2, 3, 4] }, intsInput(0, -1)] },
    { name: "splitting", inputs: [{ shape: [2, 6] }, intsInput(2, 3, 2)] },
    { name: "mixing axes", inputs: [{ shape: [2, 3, 4] }, intsInput(4, 6)] },
  ],
});

function intsInput(...values: number[]) {
  return { shape: [values.length], values, dtype: "i64", constant: true } as const;
}
