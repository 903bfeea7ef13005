import type { Network } from "./graph.js";
import { inferShapes } from "./infer-shapes.js";

/** How many classes an output of a network tells apart: the second axis of its logits; default the first output. */
export function outputClasses(network: Network, output: string = network.outputs[0].name): number {
  return inferShapes(network, { sizes: { n: 1 } }).shapes.get(output)?.[1] ?? 0;
}
