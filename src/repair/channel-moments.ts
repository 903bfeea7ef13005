import { type BatchSource, meanOutputs, type RunOptions } from "../data/mean-outputs.js";
import { batchSizes } from "../network/batch-sizes.js";
import type { GraphNode, Network } from "../network/graph.js";
import { inferShapes } from "../network/infer-shapes.js";
import type { StateDict, Tensor } from "../tensor/tensor.js";
import { createTensor } from "../tensor/tensor.js";

/** What the channels of a value do over images and places. */
export interface ChannelMoments {
  readonly mean: Float64Array;
  /** Biased. */
  readonly variance: Float64Array;
}

/**
 * Mean and variance of each channel of some values, while the network runs as it does after training.
 *
 * Cost: one forward pass over the images.
 *
 * @param values [n, channels, …]
 */
export async function channelMoments(
  model: { readonly network: Network; readonly state: StateDict },
  values: readonly string[],
  options: BatchSource & RunOptions,
): Promise<ReadonlyMap<string, ChannelMoments>> {
  const { network, state } = model;
  const shapes = inferShapes(network, { sizes: batchSizes(network, 2) });
  const nodes: GraphNode[] = [...network.nodes];
  const constants = new Map<string, Tensor>(network.constants);
  const outputs: string[] = [];
  const names = (value: string) => ({ mean: `moments/${value}/mean`, square: `moments/${value}/square` });
  for (const value of new Set(values)) {
    const rank = shapes.shapes.get(value)?.length ?? 0;
    const others = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== 1);
    const axes = `moments/axes/${rank}`;
    constants.set(axes, createTensor("i64", [others.length], others));
    const { mean, square } = names(value);
    const squared = `moments/${value}/squared`;
    const attributes = { keepdims: { int: 0 } };
    nodes.push(
      { op: "ReduceMean", name: mean, inputs: [value, axes], outputs: [mean], attributes },
      { op: "Mul", name: squared, inputs: [value, value], outputs: [squared], attributes: {} },
      { op: "ReduceMean", name: square, inputs: [squared, axes], outputs: [square], attributes },
    );
    outputs.push(mean, square);
  }
  const variant = { ...network, nodes, constants, outputs: outputs.map((name) => ({ name, dtype: "f32" }) as const) };
  const { means } = await meanOutputs({ network: variant, state }, options, { ...options, stage: "measuring layers" });
  return new Map(
    [...new Set(values)].map((value) => {
      const mean = means.get(names(value).mean) as Float64Array;
      const square = means.get(names(value).square) as Float64Array;
      return [value, { mean, variance: square.map((it, channel) => Math.max(0, it - mean[channel] ** 2)) }];
    }),
  );
}
