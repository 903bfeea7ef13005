import { createTensor } from "../../tensor/tensor.js";
import type { Attributes } from "../graph.js";
import type { GraphBuilder } from "../graph-builder.js";

/** Where the runtime keeps its operators for blocked channels. */
const DOMAIN = "com.microsoft.nchwc";

/** Adds one of the runtime's operators for blocked channels. */
export const blocked = (
  build: GraphBuilder,
  op: "Conv" | "AveragePool" | "GlobalAveragePool" | "ReorderInput" | "ReorderOutput",
  inputs: readonly string[],
  attributes: Attributes = {},
): string => build.node(op, inputs, attributes, { domain: DOMAIN });

/** A vector of ones, one per channel, as the filter of a convolution that leaves channels alone. */
export const ones = (build: GraphBuilder, channels: number): string =>
  build.constant(createTensor("f32", [channels, 1, 1, 1], new Array<number>(channels).fill(1)));

export interface ChannelwiseOptions {
  readonly channels: number;
  /** One number per channel. */
  readonly scale: string;
  readonly shift?: string;
  /** A blocked value to add. */
  readonly sum?: string;
  readonly relu?: boolean;
}

/** x·scale + shift + sum, then ReLU, in one pass: a 1×1 convolution of each channel with itself. */
export function channelwise(build: GraphBuilder, x: string, options: ChannelwiseOptions): string {
  const { channels, scale, shift, sum, relu } = options;
  const inputs = [x, scale];
  if (shift !== undefined || sum !== undefined) inputs.push(shift ?? "");
  if (sum !== undefined) inputs.push(sum);
  return blocked(build, "Conv", inputs, {
    kernel_shape: { ints: [1, 1] },
    group: { int: channels },
    ...(relu ? { activation: { string: "Relu" } } : {}),
  });
}

/** So steep that the hard sigmoid of any positive f32 is 1. */
const STEEP = 1e38;

/** 1 where x is positive, else 0, in one pass; x is not negative. */
export const positiveMask = (build: GraphBuilder, x: string, channels: number): string =>
  blocked(build, "Conv", [x, ones(build, channels)], {
    kernel_shape: { ints: [1, 1] },
    group: { int: channels },
    activation: { string: "HardSigmoid" },
    activation_params: { floats: [STEEP, 0] },
  });

/** Rows up to this long are summed in f32 at once; longer ones in two stages, which keeps rounding small. */
const LONGEST_ROW = 512;

/**
 * Mean of a blocked value over everything but the channel, as [channels, 1, 1, 1].
 *
 * @param shape as the blocked operators are told: `stored` channels, `rows` × `columns`; folded images are `fold`
 */
export function channelMeans(
  build: GraphBuilder,
  x: string,
  { stored, columns, fold }: { readonly stored: number; readonly columns: number; readonly fold: number },
): string {
  let row = columns;
  while (row > LONGEST_ROW && row % 2 === 0) row /= 2;
  const window = { kernel_shape: { ints: [1, row] }, strides: { ints: [1, row] } };
  const means = blocked(build, "GlobalAveragePool", [blocked(build, "AveragePool", [x], window)]);
  if (fold === 1) return build.node("Reshape", [means, build.ints(stored, 1, 1, 1)]);
  const grouped = build.node("Reshape", [means, build.ints(fold, stored / fold)]);
  const mean = build.node("ReduceMean", [grouped, build.ints(0)], { keepdims: { int: 0 } });
  return build.node("Reshape", [mean, build.ints(stored / fold, 1, 1, 1)]);
}

/** A vector repeated for every group of folded images. */
export const tile = (build: GraphBuilder, vector: string, fold: number): string =>
  fold === 1 ? vector : build.node("Concat", new Array<string>(fold).fill(vector), { axis: { int: 0 } });
