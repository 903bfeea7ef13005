import type { GraphNode, Network } from "./graph.js";

/** Operators that hold a layer's weight: their second input. */
const WEIGHTED = new Set(["Conv", "Gemm", "MatMul"]);

/** A layer of a network: the node that applies its weight, and the value before the nonlinearity. */
export interface Layer {
  /** The key of its weight without its last part: `block_1.0`. */
  readonly name: string;
  readonly node: GraphNode;
  readonly weight: string;
  /** Its own batch normalisation, where one follows. */
  readonly normalization?: GraphNode;
  /** What it gives, normalised where it is. */
  readonly value: string;
  /** Keys of its parameters and of its normalisation's, statistics included. */
  readonly keys: readonly string[];
}

/** The layers of a network in the order they run. */
export function layersOf(network: Network): Layer[] {
  return network.nodes.flatMap((node): Layer[] => {
    const weight = node.inputs[1];
    if (!WEIGHTED.has(node.op) || !network.state.has(weight)) return [];
    const readers = network.nodes.filter(({ inputs }) => inputs.includes(node.outputs[0]));
    const [reader] = readers;
    const normalization = readers.length === 1 && reader.op === "BatchNormalization" ? reader : undefined;
    const keys = [...node.inputs, ...(normalization?.inputs ?? [])].filter((input) => network.state.has(input));
    return [
      {
        name: weight.replace(/\.[^.]*$/, ""),
        node,
        weight,
        ...(normalization === undefined ? {} : { normalization }),
        value: (normalization ?? node).outputs[0],
        keys,
      },
    ];
  });
}
