import type { GraphNode, Network } from "../network/graph.js";
import { createTensor, type Tensor } from "../tensor/tensor.js";

/** Where the batch statistics of a normalisation come out of a network. */
export interface StatisticsOutputs {
  readonly mean: string;
  /** Biased: divided by the number of values. */
  readonly variance: string;
}

/** Name of the constant that old statistics are multiplied with. */
const ZERO = "repair/zero";

/**
 * The same network with some of its nodes normalising by the statistics of the batch, which are its only outputs.
 * Dropout stays off.
 *
 * @param replace gives the batch normalisation that stands in a node's place or behind it, or `undefined` to leave it
 */
export function batchStatisticsNetwork(
  network: Network,
  replace: (node: GraphNode) => BatchNormalizationNode | undefined,
): { readonly network: Network; readonly outputs: ReadonlyMap<GraphNode, StatisticsOutputs> } {
  const outputs = new Map<GraphNode, StatisticsOutputs>();
  const constants = new Map<string, Tensor>([...network.constants, [ZERO, createTensor("f32", [], [0])]]);
  const nodes = network.nodes.flatMap((node): GraphNode[] => {
    const normalization = replace(node);
    if (normalization === undefined) return [node];
    const name = `repair/${node.name}`;
    const { before, input, scale, bias, old, output, epsilon } = normalization;
    const found = { mean: `${name}/mean`, variance: `${name}/variance` };
    outputs.set(node, found);
    // With momentum 0 the runtime hands out the batch's own statistics. It writes them over the memory of the old
    // ones, so these are made for it.
    const spare = ["old mean", "old variance"].map((what): GraphNode => {
      const made = `${name}/${what}`;
      return { op: "Mul", name: made, inputs: [old, ZERO], outputs: [made], attributes: {} };
    });
    return [
      ...before,
      ...spare,
      {
        op: "BatchNormalization",
        name,
        inputs: [input, scale, bias, ...spare.map((it) => it.outputs[0])],
        outputs: [output, found.mean, found.variance],
        attributes: { epsilon: { float: epsilon }, momentum: { float: 0 }, training_mode: { int: 1 } },
      },
    ];
  });
  const values = [...outputs.values()].flatMap(({ mean, variance }) => [mean, variance]);
  return {
    network: { ...network, nodes, constants, outputs: values.map((name) => ({ name, dtype: "f32" })) },
    outputs,
  };
}

export interface BatchNormalizationNode {
  /** Nodes that come before it. */
  readonly before: readonly GraphNode[];
  readonly input: string;
  readonly scale: string;
  readonly bias: string;
  /** Any vector of the same size. */
  readonly old: string;
  readonly output: string;
  readonly epsilon: number;
}
