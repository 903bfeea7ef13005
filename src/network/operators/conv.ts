import { badShapes, intAttribute, intsAttribute } from "../attributes.js";
import { type AxisTie, inputAxis, outputAxis, same } from "../axis-tie.js";
import { type ConvFacts, convInputGradient, convWeightGradient } from "../conv-gradients.js";
import { defineOperator, type NodeFacts } from "../operator.js";
import { readWindow } from "../window.js";

function geometry({ node, inputShapes }: NodeFacts): ConvFacts {
  const [input, weight, bias] = inputShapes;
  const groups = intAttribute(node, "group", 1);
  const kernel = intsAttribute(node, "kernel_shape", weight.slice(2));
  const fits =
    weight.length === input.length &&
    groups >= 1 &&
    weight[1] * groups === input[1] &&
    weight[0] % groups === 0 &&
    kernel.every((size, axis) => size === weight[2 + axis]) &&
    (bias === undefined || node.inputs[2] === "" || (bias.length === 1 && bias[0] === weight[0]));
  if (!fits)
    throw badShapes(node, inputShapes, `x [n, c, …], weight [o, c / ${groups}, …kernel], bias [o] are expected`);
  return { window: readWindow(node, input, kernel), groups, input, weight };
}

function ties(facts: NodeFacts): AxisTie[] {
  const { groups, input, weight } = geometry(facts);
  const result: AxisTie[] = [same(inputAxis(0, 0), outputAxis(0, 0))];
  const outgoing = [inputAxis(1, 0), outputAxis(0, 1)];
  if (facts.inputShapes.length > 2) outgoing.push(inputAxis(2, 0));
  if (groups === 1) result.push(same(inputAxis(0, 1), inputAxis(1, 1)), same(...outgoing));
  // Each channel has its own filter: both sides move together. Other groupings stay where they are.
  else if (groups === input[1] && groups === weight[0]) result.push(same(inputAxis(0, 1), ...outgoing));
  return result;
}

export const conv = defineOperator({
  type: "Conv",
  inputs: { min: 2, max: 3 },
  shape: (facts) => {
    const { window, input, weight } = geometry(facts);
    return [[input[0], weight[0], ...window.output]];
  },
  axes: ties,
  gradient: (context) => {
    const facts = geometry(context);
    const summed = [0, ...facts.window.output.map((_, axis) => axis + 2)];
    return [
      context.wants(0) ? convInputGradient(context, facts) : undefined,
      context.wants(1) ? convWeightGradient(context, facts) : undefined,
      context.wants(2)
        ? context.build.node("ReduceSum", [context.outputGradients[0]!, context.build.ints(...summed)], {
            keepdims: { int: 0 },
          })
        : undefined,
    ];
  },
  cases: [
    {
      name: "3×3, padding 1",
      inputs: [{ shape: [2, 3, 5, 4] }, { shape: [4, 3, 3, 3] }, { shape: [4] }],
      attributes: { kernel_shape: { ints: [3, 3] }, pads: { ints: [1, 1, 1, 1] } },
    },
    {
      name: "stride 2 that does not divide",
      inputs: [{ shape: [2, 2, 6, 5] }, { shape: [3, 2, 3, 3] }],
      attributes: { strides: { ints: [2, 2] }, pads: { ints: [1, 1, 1, 1] } },
    },
    {
      name: "1×1, stride 2",
      inputs: [{ shape: [2, 2, 4, 4] }, { shape: [3, 2, 1, 1] }],
      attributes: { strides: { ints: [2, 2] } },
    },
    {
      name: "dilated, uneven padding",
      inputs: [{ shape: [1, 2, 6, 6] }, { shape: [2, 2, 2, 3] }],
      attributes: { dilations: { ints: [2, 1] }, pads: { ints: [0, 2, 1, 0] } },
    },
    {
      name: "two groups",
      inputs: [{ shape: [2, 4, 4, 4] }, { shape: [6, 2, 3, 3] }, { shape: [6] }],
      attributes: { group: { int: 2 }, strides: { ints: [2, 1] }, pads: { ints: [1, 1, 1, 1] } },
    },
    {
      name: "a filter per channel",
      inputs: [{ shape: [2, 3, 4, 4] }, { shape: [3, 1, 3, 3] }, { shape: [3] }],
      attributes: { group: { int: 3 }, pads: { ints: [1, 1, 1, 1] } },
    },
    { name: "one spatial axis", inputs: [{ shape: [2, 2, 6] }, { shape: [3, 2, 3] }] },
  ],
});
