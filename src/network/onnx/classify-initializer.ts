import { isFloat } from "../../tensor/dtype.js";
import { elementCount, type Shape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import type { GraphNode, StateEntry } from "../graph.js";

/** A node that reads an initialiser, and at which input. */
export interface Reader {
  readonly node: GraphNode;
  readonly index: number;
}

const NORMALISATIONS: ReadonlySet<string> = new Set(["BatchNormalization", "LayerNormalization", "GroupNormalization"]);

/**
 * What an initialiser of an ONNX file is to the network: an entry of its state, or a constant of the graph
 * (`undefined`). The file does not say; integers, lone numbers and a dropout's share are constants.
 */
export function classifyInitializer(
  tensor: Tensor,
  readers: readonly Reader[],
  shapeOf: (name: string) => Shape | undefined,
): StateEntry | undefined {
  const { dtype, shape } = tensor;
  if (!isFloat(dtype) || shape.length === 0 || readers.length === 0) return undefined;
  if (readers.some(({ node }) => node.op === "Dropout")) return undefined;
  const statistic = readers.every(({ node, index }) => node.op === "BatchNormalization" && index >= 3);
  return {
    dtype,
    shape,
    kind: statistic ? "buffer" : "parameter",
    initial: initialOf(shape, readers[0], shapeOf),
  };
}

/** What PyTorch would begin with, as far as the reader shows what the tensor is for. */
function initialOf(
  shape: Shape,
  { node, index }: Reader,
  shapeOf: (name: string) => Shape | undefined,
): StateEntry["initial"] {
  if (NORMALISATIONS.has(node.op)) return { kind: "constant", value: index === 1 || index === 4 ? 1 : 0 };
  const weight = index === 1 ? shape : (shapeOf(node.inputs[1]) ?? shape);
  if (weight.length < 2) return { kind: "constant", value: 0 };
  const transposed = node.op === "MatMul" || (node.op === "Gemm" && !isOne(node, "transB"));
  const fanIn = transposed ? weight[weight.length - 2] : elementCount(weight.slice(1));
  return { kind: "uniform", bound: 1 / Math.sqrt(Math.max(1, fanIn)) };
}

function isOne(node: GraphNode, name: string): boolean {
  const attribute = node.attributes[name];
  return attribute !== undefined && "int" in attribute && attribute.int === 1;
}
