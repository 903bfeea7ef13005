import { elementCount, type Shape } from "../tensor/shape.js";
import { createTensor } from "../tensor/tensor.js";
import { USUAL_EPSILON } from "./batch-norm-defaults.js";
import type { Initial } from "./graph.js";
import type { GraphBuilder } from "./graph-builder.js";

export interface ConvOptions {
  readonly in: number;
  readonly out: number;
  /** Side of the square kernel. */
  readonly kernel: number;
  /** ≥ 1; default 1. */
  readonly stride?: number;
  /** On every side; default 0. */
  readonly padding?: number;
  /** Default 1. */
  readonly groups?: number;
  /** Default true. */
  readonly bias?: boolean;
  /** Default: PyTorch's, uniform within 1/√fan_in. */
  readonly initial?: Initial;
}

export interface PoolOptions {
  readonly kernel: number;
  /** Default: the kernel. */
  readonly stride?: number;
  /** On every side; default 0. */
  readonly padding?: number;
}

/**
 * The layers networks are made of, with PyTorch's keys, shapes and initial values. Each takes a value and gives a
 * value; `key` is the path of the module in PyTorch (`block_1.0`).
 */
export interface Layers {
  readonly build: GraphBuilder;
  conv(x: string, key: string, options: ConvOptions): string;
  /** [n, in] to [n, out]. */
  linear(x: string, key: string, options: LinearOptions): string;
  batchNorm(x: string, key: string, options: { readonly channels: number }): string;
  layerNorm(x: string, key: string, options: { readonly shape: Shape }): string;
  groupNorm(x: string, key: string, options: { readonly channels: number; readonly groups: number }): string;
  relu(x: string): string;
  maxPool(x: string, options: PoolOptions): string;
  averagePool(x: string, options: PoolOptions): string;
  /** [n, c, h, w] to [n, c, 1, 1]. */
  globalAveragePool(x: string): string;
  /** [n, …] to [n, rest]. */
  flatten(x: string): string;
  /** In training, sets a share of the elements to 0 and scales the others up; nothing otherwise. */
  dropout(x: string, options: { readonly ratio: number }): string;
  add(a: string, b: string): string;
}

export interface LinearOptions {
  readonly in: number;
  readonly out: number;
  /** Default true. */
  readonly bias?: boolean;
  readonly initial?: Initial;
}

const constant = (value: number): Initial => ({ kind: "constant", value });

/**
 * Uniform within 1/√fan_in, PyTorch's default for the weights and biases of convolutions and linear layers
 * (`kaiming_uniform_` with a = √5).
 */
const torchDefault = (fanIn: number): Initial => ({ kind: "uniform", bound: 1 / Math.sqrt(fanIn) });

/** Layers that add themselves to a graph. */
export function createLayers(build: GraphBuilder): Layers {
  const parameter = (key: string, shape: Shape, initial: Initial): string =>
    build.state(key, { shape, dtype: "f32", kind: "parameter", initial });
  const buffer = (key: string, shape: Shape, value: number): string =>
    build.state(key, { shape, dtype: "f32", kind: "buffer", initial: constant(value) });
  const window = ({ kernel, stride = kernel, padding = 0 }: PoolOptions) => ({
    kernel_shape: { ints: [kernel, kernel] },
    strides: { ints: [stride, stride] },
    pads: { ints: [padding, padding, padding, padding] },
  });
  return {
    build,
    conv(x, key, { in: from, out, kernel, stride = 1, padding = 0, groups = 1, bias = true, initial }) {
      const shape = [out, from / groups, kernel, kernel];
      const usual = torchDefault(elementCount(shape.slice(1)));
      const inputs = [x, parameter(`${key}.weight`, shape, initial ?? usual)];
      if (bias) inputs.push(parameter(`${key}.bias`, [out], usual));
      return build.node("Conv", inputs, { ...window({ kernel, stride, padding }), group: { int: groups } });
    },
    linear(x, key, { in: from, out, bias = true, initial }) {
      const usual = torchDefault(from);
      const inputs = [x, parameter(`${key}.weight`, [out, from], initial ?? usual)];
      if (bias) inputs.push(parameter(`${key}.bias`, [out], usual));
      return build.node("Gemm", inputs, { transB: { int: 1 } });
    },
    batchNorm(x, key, { channels }) {
      const inputs = [
        x,
        parameter(`${key}.weight`, [channels], constant(1)),
        parameter(`${key}.bias`, [channels], constant(0)),
        buffer(`${key}.running_mean`, [channels], 0),
        buffer(`${key}.running_var`, [channels], 1),
      ];
      const counter = { shape: [], dtype: "i64", kind: "buffer", initial: constant(0) } as const;
      build.state(`${key}.num_batches_tracked`, counter);
      return build.node("BatchNormalization", inputs, { epsilon: { float: USUAL_EPSILON } });
    },
    layerNorm(x, key, { shape }) {
      const inputs = [x, parameter(`${key}.weight`, shape, constant(1)), parameter(`${key}.bias`, shape, constant(0))];
      return build.node("LayerNormalization", inputs, {
        axis: { int: -shape.length },
        epsilon: { float: USUAL_EPSILON },
      });
    },
    groupNorm(x, key, { channels, groups }) {
      const inputs = [
        x,
        parameter(`${key}.weight`, [channels], constant(1)),
        parameter(`${key}.bias`, [channels], constant(0)),
      ];
      return build.node("GroupNormalization", inputs, {
        num_groups: { int: groups },
        epsilon: { float: USUAL_EPSILON },
      });
    },
    relu: (x) => build.node("Relu", [x]),
    maxPool: (x, options) => build.node("MaxPool", [x], window(options)),
    averagePool: (x, options) => build.node("AveragePool", [x], { ...window(options), count_include_pad: { int: 1 } }),
    globalAveragePool: (x) => build.node("GlobalAveragePool", [x]),
    flatten: (x) => build.node("Flatten", [x], { axis: { int: 1 } }),
    dropout: (x, { ratio }) => build.node("Dropout", [x, build.constant(createTensor("f32", [], [ratio]))]),
    add: (a, b) => build.node("Add", [a, b]),
  };
}
