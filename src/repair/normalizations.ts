import type { GraphNode, Network } from "../network/graph.js";

/** A batch normalisation of a network, and where its statistics are kept. */
export interface Normalization {
  readonly node: GraphNode;
  readonly mean: string;
  readonly variance: string;
  /** Counts the batches that made the statistics, where the network has such a counter. */
  readonly counter?: string;
}

/** The batch normalisations of a network whose statistics are entries of its state, in the order they run. */
export function normalizationsOf(network: Network): Normalization[] {
  return network.nodes.flatMap((node) => {
    const [, , , mean, variance] = node.inputs;
    if (node.op !== "BatchNormalization" || !network.state.has(mean) || !network.state.has(variance)) return [];
    const counter = mean.replace(/running_mean$/, "num_batches_tracked");
    return [{ node, mean, variance, ...(counter !== mean && network.state.has(counter) ? { counter } : {}) }];
  });
}
