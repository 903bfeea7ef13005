import type { Network } from "./graph.js";

/** The batch given for every size of a network's inputs that has only a name. */
export function batchSizes(network: Network, batch: number): Record<string, number> {
  return Object.fromEntries(
    network.inputs.flatMap(({ shape = [] }) => shape.flatMap((dim) => (typeof dim === "string" ? [[dim, batch]] : []))),
  );
}
