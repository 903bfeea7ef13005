import type { Shape } from "../../tensor/shape.js";
import { badShapes, floatAttribute, intAttribute } from "../attributes.js";
import { inputAxis, outputAxis, same } from "../axis-tie.js";
import { sumTo } from "../broadcast.js";
import { defineOperator, type NodeFacts } from "../operator.js";

interface Layout {
  readonly transA: boolean;
  readonly transB: boolean;
  readonly output: Shape;
}

function layout({ node, inputShapes }: NodeFacts): Layout {
  const [a, b, c] = inputShapes;
  const transA = intAttribute(node, "transA", 0) !== 0;
  const transB = intAttribute(node, "transB", 0) !== 0;
  const output = [a[transA ? 1 : 0], b[transB ? 0 : 1]];
  const inner = [a[transA ? 0 : 1], b[transB ? 1 : 0]];
  const fitsC = c === undefined || c.every((size, axis) => size === 1 || size === output[axis + 2 - c.length]);
  if (a.length !== 2 || b.length !== 2 || inner[0] !== inner[1] || !fitsC) {
    throw badShapes(node, inputShapes, `a${transA ? "ᵀ" : ""}·b${transB ? "ᵀ" : ""} + c needs matrices that fit`);
  }
  return { transA, transB, output };
}

export const gemm = defineOperator({
  type: "Gemm",
  inputs: { min: 2, max: 3 },
  shape: (facts) => [layout(facts).output],
  axes: (facts) => {
    const { transA, transB, output } = layout(facts);
    const rows = [inputAxis(0, transA ? 1 : 0), outputAxis(0, 0)];
    const columns = [inputAxis(1, transB ? 0 : 1), outputAxis(0, 1)];
    const c = facts.inputShapes[2] ?? [];
    if (c.length === 2 && c[0] === output[0]) rows.push(inputAxis(2, 0));
    if (c.length > 0 && c[c.length - 1] === output[1]) columns.push(inputAxis(2, c.length - 1));
    return [same(...rows), same(inputAxis(0, transA ? 0 : 1), inputAxis(1, transB ? 1 : 0)), same(...columns)];
  },
  gradient: (context) => {
    const { node, build, inputs, inputShapes, outputGradients, wants } = context;
    const { transA, transB, output } = layout(context);
    const alpha = { float: floatAttribute(node, "alpha", 1) };
    const beta = floatAttribute(node, "beta", 1);
    const gradient = outputGradients[0]!;
    const product = (left: string, right: string, leftTurned: boolean, rightTurned: boolean): string =>
      build.node("Gemm", [left, right], {
        alpha,
        transA: { int: leftTurned ? 1 : 0 },
        transB: { int: rightTurned ? 1 : 0 },
      });
    let bias: string | undefined;
    if (wants(2)) {
      bias = sumTo(build, gradient, output, inputShapes[2]);
      if (beta !== 1) bias = build.node("Mul", [bias, build.scalar(beta)]);
    }
    return [
      wants(0)
        ? transA
          ? product(inputs[1], gradient, transB, true)
          : product(gradient, inputs[1], false, !transB)
        : undefined,
      wants(1)
        ? transB
          ? product(gradient, inputs[0], true, transA)
          : product(inputs[0], gradient, !transA, false)
        : undefined,
      bias,
    ];
  },
  cases: [
    {
      name: "a linear layer",
      inputs: [{ shape: [3, 4] }, { shape: [5, 4] }, { shape: [5] }],
      attributes: { transB: { int: 1 } },
    },
    { name: "plain", inputs: [{ shape: [3, 4] }, { shape: [4, 2] }] },
    {
      name: "both transposed, scaled",
      inputs: [{ shape: [4, 3] }, { shape: [2, 4] }, { shape: [3, 1] }],
      attributes: { transA: { int: 1 }, transB: { int: 1 }, alpha: { float: 0.5 }, beta: { float: 2 } },
    },
    {
      name: "first transposed",
      inputs: [{ shape: [4, 3] }, { shape: [4, 2] }, { shape: [3, 2] }],
      attributes: { transA: { int: 1 } },
    },
  ],
});
