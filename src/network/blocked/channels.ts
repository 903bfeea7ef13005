import { createTensor } from "../../tensor/tensor.js";
import type { GraphBuilder } from "../graph-builder.js";
import { type BlockedLayout, imagesPerFold, wideChannels } from "./layout.js";
import { nchwc, onesPerChannel, reluIf, reshape } from "./nchwc.js";

/** Longest run that is added up in f32 before its mean is taken. */
const LONGEST_SUM = 512;

/** Mean of a value over images and places, [padded]; in two stages, which keeps sums in f32 short. */
export function channelMean(build: GraphBuilder, value: string, layout: BlockedLayout): string {
  const { fold, padded, width } = layout;
  let run = width * imagesPerFold(layout);
  while (run > LONGEST_SUM && run % 2 === 0) run /= 2;
  const window = { kernel_shape: { ints: [1, run] }, strides: { ints: [1, run] } };
  const mean = nchwc(build, "GlobalAveragePool", [nchwc(build, "AveragePool", [value], window)]);
  if (fold === 1) return reshape(build, mean, [padded]);
  const groups = reshape(build, mean, [fold, padded]);
  return build.node("ReduceMean", [groups, build.ints(0)], { keepdims: { int: 0 } });
}

/** A number per channel, [padded], for every group of images: [fold·padded]. */
export function perFold(build: GraphBuilder, vector: string, { fold }: BlockedLayout): string {
  return fold === 1 ? vector : build.node("Concat", Array<string>(fold).fill(vector), { axis: { int: 0 } });
}

export interface AffineOptions {
  /** [padded] */
  readonly scale: string;
  /** [padded]; absent for none. */
  readonly shift?: string;
  /** A value of the same layout that is added; its memory is taken for the result. */
  readonly plus?: string;
  readonly relu?: boolean;
}

/** scale·x + shift + plus, then ReLU if asked for: one pass by all threads, as a convolution of one weight a channel. */
export function affine(build: GraphBuilder, x: string, layout: BlockedLayout, options: AffineOptions): string {
  const { scale, shift, plus, relu } = options;
  const channels = wideChannels(layout);
  const weight = reshape(build, perFold(build, scale, layout), [channels, 1, 1, 1]);
  const inputs = [x, weight];
  if (shift !== undefined || plus !== undefined) {
    inputs.push(shift === undefined ? "" : perFold(build, shift, layout));
  }
  if (plus !== undefined) inputs.push(plus);
  return nchwc(build, "Conv", inputs, { kernel_shape: { ints: [1, 1] }, group: { int: channels }, ...reluIf(relu) });
}

/** 1 where a value is above 0, else 0: min(1, max(0, 10³⁸·x)), in one pass by all threads. */
export function isPositive(build: GraphBuilder, x: string, channels: number): string {
  return nchwc(build, "Conv", [x, onesPerChannel(build, channels)], {
    kernel_shape: { ints: [1, 1] },
    group: { int: channels },
    activation: { string: "HardSigmoid" },
    activation_params: { floats: [1e38, 0] },
  });
}

/** A constant vector of zeros. */
export const zeroVector = (build: GraphBuilder, size: number): string =>
  build.constant(createTensor("f32", [size], new Float32Array(size)));
