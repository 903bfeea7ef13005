import { createTensor, type Tensor } from "../../tensor/tensor.js";
import type { GraphNode } from "../graph.js";

/** What older operator sets wrote as attributes, as the inputs that it is today. */
const MOVED: Readonly<Record<string, { readonly attribute: string; readonly until: number }>> = {
  ReduceMean: { attribute: "axes", until: 18 },
};

/** Rewrites a node of an older operator set as today's; `addConstant` gives the name of a new constant. */
export function moderniseNode(
  node: GraphNode,
  opset: number,
  addConstant: (hint: string, tensor: Tensor) => string,
): GraphNode {
  const moved = MOVED[node.op];
  if (moved === undefined || opset >= moved.until) return node;
  const { [moved.attribute]: old, ...attributes } = node.attributes;
  if (old === undefined || !("ints" in old)) return node;
  const input = addConstant(`${node.name}.${moved.attribute}`, createTensor("i64", [old.ints.length], old.ints));
  return { ...node, inputs: [...node.inputs, input], attributes };
}

/** The value of a `Constant` node, where it is a number or a tensor. */
export function constantValue({ attributes }: GraphNode): Tensor | undefined {
  const { value, value_float: float, value_floats: floats, value_int: int, value_ints: ints } = attributes;
  if (value !== undefined && "tensor" in value) return value.tensor;
  if (float !== undefined && "float" in float) return createTensor("f32", [], [float.float]);
  if (floats !== undefined && "floats" in floats) return createTensor("f32", [floats.floats.length], floats.floats);
  if (int !== undefined && "int" in int) return createTensor("i64", [], [int.int]);
  if (ints !== undefined && "ints" in ints) return createTensor("i64", [ints.ints.length], ints.ints);
  return undefined;
}
