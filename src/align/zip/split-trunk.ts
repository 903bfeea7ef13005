import type { GraphNode, Network } from "../../network/graph.js";
import { type Layer, layersOf } from "../../network/layers-of.js";

/** A network cut in two: what is merged, and what each model keeps for itself. */
export interface SplitNetwork {
  /** Its first layers and what depends on nothing else; without outputs. */
  readonly trunk: Network;
  /** The layers of the trunk, in the order they run. */
  readonly layers: readonly Layer[];
  /** Nodes above the cut. */
  readonly above: readonly GraphNode[];
  /** Values that are made below the cut and read above it. */
  readonly boundary: readonly string[];
}

/**
 * Cuts a network behind its first layers. Nodes that are no layers (normalisations, nonlinearities, pools) belong to
 * the trunk where all they depend on does.
 *
 * @param depth how many layers the trunk has
 */
export function splitTrunk(network: Network, depth: number): SplitNetwork {
  const layers = layersOf(network);
  const isAbove = new Set(layers.slice(depth).map(({ node }) => node));
  const madeAbove = new Set<string>();
  const nodes: GraphNode[] = [];
  const above: GraphNode[] = [];
  for (const node of network.nodes) {
    if (!isAbove.has(node) && !node.inputs.some((value) => madeAbove.has(value))) nodes.push(node);
    else {
      above.push(node);
      for (const value of node.outputs) madeAbove.add(value);
    }
  }
  const read = new Set(nodes.flatMap(({ inputs }) => inputs));
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  return {
    trunk: {
      ...network,
      nodes,
      outputs: [],
      constants: new Map([...network.constants].filter(([name]) => read.has(name))),
      state: new Map([...network.state].filter(([key]) => read.has(key))),
    },
    layers: layers.slice(0, depth),
    above,
    boundary: [...new Set(above.flatMap(({ inputs }) => inputs.filter((value) => made.has(value))))],
  };
}
