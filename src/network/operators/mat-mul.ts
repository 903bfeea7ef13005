import type { Shape } from "../../tensor/shape.js";
import { badShapes } from "../attributes.js";
import { type AxisRef, inputAxis, outputAxis, same } from "../axis-tie.js";
import { broadcastShapes, sumTo } from "../broadcast.js";
import type { GraphBuilder } from "../graph-builder.js";
import { defineOperator, type NodeFacts } from "../operator.js";

/** Both operands as stacks of matrices: a vector on the left is a row, on the right a column. */
function asMatrices({ node, inputShapes: [a, b], inputShapes }: NodeFacts) {
  const left = a.length === 1 ? [1, a[0]] : a;
  const right = b.length === 1 ? [b[0], 1] : b;
  if (a.length === 0 || b.length === 0 || left[left.length - 1] !== right[right.length - 2]) {
    throw badShapes(
      node,
      inputShapes,
      "the last axis of the first must be as long as the one before last of the second",
    );
  }
  const stack = broadcastShapes(node, [left.slice(0, -2), right.slice(0, -2)]);
  const full = [...stack, left[left.length - 2], right[right.length - 1]];
  const dropped = [a.length === 1 ? full.length - 2 : -1, b.length === 1 ? full.length - 1 : -1];
  return { left, right, full, output: full.filter((_, axis) => !dropped.includes(axis)) };
}

function turned(build: GraphBuilder, value: string, shape: Shape): string {
  const axes = shape.map((_, axis) => axis);
  const last = axes.length - 1;
  return build.node("Transpose", [value], { perm: { ints: [...axes.slice(0, -2), last, last - 1] } });
}

export const matMul = defineOperator({
  type: "MatMul",
  inputs: { min: 2, max: 2 },
  shape: (facts) => [asMatrices(facts).output],
  axes: (facts) => {
    const { output } = asMatrices(facts);
    const [a, b] = facts.inputShapes;
    const ties = [same(inputAxis(0, a.length - 1), inputAxis(1, Math.max(0, b.length - 2)))];
    let place = output.length;
    if (b.length > 1) ties.push(same(inputAxis(1, b.length - 1), outputAxis(0, --place)));
    if (a.length > 1) ties.push(same(inputAxis(0, a.length - 2), outputAxis(0, --place)));
    for (let back = 3; place > 0; back++) {
      const size = output[--place];
      const tied: AxisRef[] = [outputAxis(0, place)];
      if (a[a.length - back] === size) tied.push(inputAxis(0, a.length - back));
      if (b[b.length - back] === size) tied.push(inputAxis(1, b.length - back));
      ties.push(same(...tied));
    }
    return ties;
  },
  gradient: (context) => {
    const { build, inputs, inputShapes, outputGradients, wants } = context;
    const { left, right, full, output } = asMatrices(context);
    const reshaped = (value: string, from: Shape, to: Shape): string =>
      from.length === to.length ? value : build.node("Reshape", [value, build.ints(...to)]);
    const gradient = reshaped(outputGradients[0]!, output, full);
    const stack = full.slice(0, -2);
    const operand = (own: Shape, product: () => string, index: number): string | undefined => {
      if (!wants(index)) return undefined;
      const summed = sumTo(build, product(), [...stack, ...own.slice(-2)], own);
      return reshaped(summed, own, inputShapes[index]);
    };
    return [
      operand(
        left,
        () => build.node("MatMul", [gradient, turned(build, reshaped(inputs[1], inputShapes[1], right), right)]),
        0,
      ),
      operand(
        right,
        () => build.node("MatMul", [turned(build, reshaped(inputs[0], inputShapes[0], left), left), gradient]),
        1,
      ),
    ];
  },
  cases: [
    { name: "matrices", inputs: [{ shape: [3, 4] }, { shape: [4, 2] }] },
    { name: "a stack and one matrix", inputs: [{ shape: [2, 3, 4] }, { shape: [4, 2] }] },
    { name: "two stacks, one stretched", inputs: [{ shape: [2, 2, 3, 4] }, { shape: [2, 1, 4, 2] }] },
    { name: "a vector on the right", inputs: [{ shape: [2, 3, 4] }, { shape: [4] }] },
    { name: "a vector on the left", inputs: [{ shape: [4] }, { shape: [2, 4, 3] }] },
  ],
});
