import type { Network } from "./graph.js";
import { createGraphBuilder } from "./graph-builder.js";
import { createLayers, type Layers } from "./layers.js";

export interface NetworkOptions {
  /** Shape of one input without the batch: [channels, height, width] for images. */
  readonly input: readonly number[];
}

/** Names of the input and the output of the networks built here. */
export const INPUT_NAME = "image";
export const OUTPUT_NAME = "logits";

/**
 * A network from layers.
 *
 * @param body adds layers, and gives the value that holds the logits, [n, classes]
 * @example
 * const network = createNetwork("small", { input: [1, 28, 28] }, (layers, image) => {
 *   const hidden = layers.relu(layers.linear(layers.flatten(image), "0", { in: 784, out: 64 }));
 *   return layers.linear(hidden, "2", { in: 64, out: 10 });
 * });
 */
export function createNetwork(
  name: string,
  { input }: NetworkOptions,
  body: (layers: Layers, image: string) => string,
): Network {
  const build = createGraphBuilder(name);
  const image = build.input(INPUT_NAME, "f32", ["n", ...input]);
  build.output(body(createLayers(build), image), "f32", { as: OUTPUT_NAME });
  return build.build();
}
