import type { Shape } from "../../tensor/shape.js";
import { createTensor } from "../../tensor/tensor.js";
import type { Attributes } from "../graph.js";
import type { GraphBuilder } from "../graph-builder.js";

/**
 * ONNX Runtime's own operators on blocks of channels. It inserts them itself where weights are constant; its kernels
 * do not care, so that a training step may name them. They are for the runtime's internal use: whether this build has
 * them, and its size of block, is found out by asking.
 */
const NCHWC_DOMAIN = "com.microsoft.nchwc";

/** Adds one of the runtime's blocked operators. */
export const nchwc = (
  build: GraphBuilder,
  op: "Conv" | "AveragePool" | "GlobalAveragePool" | "ReorderInput" | "ReorderOutput",
  inputs: readonly string[],
  attributes: Attributes = {},
): string => build.node(op, inputs, attributes, { domain: NCHWC_DOMAIN });

export const reshape = (build: GraphBuilder, value: string, shape: Shape): string =>
  build.node("Reshape", [value, build.ints(...shape)]);

export const transpose = (build: GraphBuilder, value: string, perm: readonly number[]): string =>
  build.node("Transpose", [value], { perm: { ints: perm } });

/** From blocks of channels to plain [n, c, h, w], of which the first `channels` are kept. */
export const reorderOutput = (build: GraphBuilder, value: string, channels: number): string =>
  nchwc(build, "ReorderOutput", [value], { channels: { int: channels } });

export const onesPerChannel = (build: GraphBuilder, channels: number): string =>
  build.constant(createTensor("f32", [channels, 1, 1, 1], new Float32Array(channels).fill(1)));

/** What the runtime's convolution applies to its sums. */
export const reluIf = (wanted: boolean | undefined): Attributes => (wanted ? { activation: { string: "Relu" } } : {});
