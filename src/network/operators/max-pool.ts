import { elementCount } from "../../tensor/shape.js";
import { createTensor } from "../../tensor/tensor.js";
import { intsAttribute } from "../attributes.js";
import { inputAxis, outputAxis, same } from "../axis-tie.js";
import { defineOperator, type NodeFacts } from "../operator.js";
import { isTiling, readWindow } from "../window.js";

const window = ({ node, inputShapes }: NodeFacts) =>
  readWindow(node, inputShapes[0], intsAttribute(node, "kernel_shape"));

export const maxPool = defineOperator({
  type: "MaxPool",
  inputs: { min: 1, max: 1 },
  shape: (facts) => {
    const shape = [...facts.inputShapes[0].slice(0, 2), ...window(facts).output];
    return [shape, shape];
  },
  axes: () => [same(inputAxis(0, 0), outputAxis(0, 0)), same(inputAxis(0, 1), outputAxis(0, 1))],
  training: ({ node, build, inputs }) => {
    const [pooled, places] = build.nodes("MaxPool", inputs, 2, node.attributes);
    return { outputs: [pooled], saved: { places } };
  },
  // The largest element of each window takes its gradient; windows that overlap add up.
  gradient: (context) => {
    const { build, inputShapes, outputShapes, outputGradients, saved } = context;
    const facts = window(context);
    const gradient = outputGradients[0]!;
    if (facts.kernel.length === 2 && isTiling(facts, inputShapes[0].slice(2))) {
      const attributes = { kernel_shape: { ints: facts.kernel }, strides: { ints: facts.strides } };
      return [build.node("MaxUnpool", [gradient, saved.places, build.ints(...inputShapes[0])], attributes)];
    }
    const flat = build.ints(elementCount(outputShapes[0]));
    const zero = createTensor("f32", [1], [0]);
    const canvas = build.node("ConstantOfShape", [build.ints(elementCount(inputShapes[0]))], {
      value: { tensor: zero },
    });
    const sources = [build.node("Reshape", [saved.places, flat]), build.node("Reshape", [gradient, flat])];
    const summed = build.node("ScatterElements", [canvas, ...sources], { reduction: { string: "add" } });
    return [build.node("Reshape", [summed, build.ints(...inputShapes[0])])];
  },
  cases: [
    {
      name: "2×2",
      inputs: [{ shape: [2, 3, 4, 6] }],
      attributes: { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } },
    },
    {
      name: "2×2 with a row left over",
      inputs: [{ shape: [1, 2, 5, 4] }],
      attributes: { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] } },
    },
    {
      name: "3×3, stride 2, padding 1",
      inputs: [{ shape: [2, 2, 5, 6] }],
      attributes: { kernel_shape: { ints: [3, 3] }, strides: { ints: [2, 2] }, pads: { ints: [1, 1, 1, 1] } },
    },
    {
      name: "the last window sticks out",
      inputs: [{ shape: [1, 2, 5, 5] }],
      attributes: { kernel_shape: { ints: [2, 2] }, strides: { ints: [2, 2] }, ceil_mode: { int: 1 } },
    },
  ],
});
