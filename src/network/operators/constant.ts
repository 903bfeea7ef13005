import { OnebasinError } from "../../core/errors.js";
import { createTensor } from "../../tensor/tensor.js";
import { defineOperator } from "../operator.js";

export const constant = defineOperator({
  type: "Constant",
  inputs: { min: 0, max: 0 },
  shape: ({ node }) => {
    const { value, value_ints: ints } = node.attributes;
    if (value !== undefined && "tensor" in value) return [value.tensor.shape];
    if (ints !== undefined && "ints" in ints) return [[ints.ints.length]];
    if (node.attributes.value_float !== undefined || node.attributes.value_int !== undefined) return [[]];
    throw new OnebasinError(
      "unsupported",
      `Node "${node.name}" (Constant) holds no tensor, number or list of integers.`,
    );
  },
  axes: () => [],
  gradient: () => [],
  cases: [
    {
      name: "a tensor",
      inputs: [],
      attributes: { value: { tensor: createTensor("f32", [2, 2], [1, -2, 3, 0.5]) } },
    },
    { name: "a number", inputs: [], attributes: { value_float: { float: 2.5 } } },
  ],
});
