import { readFileSync } from "node:fs";
import { createNetwork } from "../../src/network/create-network.js";
import type { Network } from "../../src/network/graph.js";
import { parseArchitecture } from "../../src/network/parse-architecture.js";
import { elementCount, type Shape } from "../../src/tensor/shape.js";
import { createTensor, type StateDict, type Tensor } from "../../src/tensor/tensor.js";

/** Largest magnitude and evenly spaced elements of a tensor. */
export interface GoldenSample {
  readonly largest: number;
  readonly values: readonly number[];
}

export interface GoldenNetwork {
  readonly input: readonly number[];
  /** Which of the script's inputs these are. */
  readonly draw: number;
  readonly keys: readonly (readonly [string, Shape])[];
  readonly logits: readonly (readonly number[])[];
  readonly gradients: Readonly<Record<string, GoldenSample>>;
  readonly training: Readonly<
    Record<string, { readonly losses: readonly number[]; readonly state: Readonly<Record<string, GoldenSample>> }>
  >;
}

/** What PyTorch computes in f64, from `test/golden/networks.py`. */
export const goldenNetworks: Readonly<Record<string, GoldenNetwork>> = JSON.parse(
  readFileSync(new URL("../fixtures/networks.json", import.meta.url), "utf8"),
).networks;

/** The networks of the golden values, by the names they have there. */
export const buildGoldenNetwork = (name: string): Network =>
  name === "mixed" ? mixedNetwork() : parseArchitecture(name).network;

/** Numbers in [−½, ½), by the formula of the script. */
function uniform(stream: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    let x = (i + Math.imul(stream, 0x9e3779b1)) >>> 0;
    x = Math.imul(x ^ (x >>> 16), 0x7feb352d) >>> 0;
    x = Math.imul(x ^ (x >>> 15), 0x846ca68b) >>> 0;
    return ((x ^ (x >>> 16)) >>> 0) / 2 ** 32 - 0.5;
  });
}

/** The state that the script begins with. */
export function goldenState(network: Network): StateDict {
  return new Map(
    [...network.state].map(([key, { shape, dtype }], index): [string, Tensor] => {
      const count = elementCount(shape);
      if (key.endsWith("num_batches_tracked")) return [key, createTensor(dtype, shape, [0])];
      const values = uniform(index, count).map((u) => {
        if (shape.length >= 2 && !key.startsWith("layer_norm")) return u * Math.sqrt(24 / (count / shape[0]));
        if (key.endsWith("running_var")) return 1 + 0.5 * u;
        return key.endsWith("weight") ? 1 + 0.2 * u : 0.1 * u;
      });
      return [key, createTensor(dtype, shape, values)];
    }),
  );
}

export const GOLDEN_BATCH = 8;

/** The images of a step. */
export function goldenImages(step: number, { draw, input }: GoldenNetwork): Tensor {
  const shape = [GOLDEN_BATCH, ...input];
  return createTensor(
    "f32",
    shape,
    uniform(1000 + 10 * draw + step, elementCount(shape)).map((u) => 2 * u),
  );
}

export const goldenLabels = (classes: number): Tensor =>
  createTensor(
    "i64",
    [GOLDEN_BATCH],
    Array.from({ length: GOLDEN_BATCH }, (_, i) => (i * 3) % classes),
  );

/** The mask that the script puts in the place of dropout. */
export const goldenMask = (shape: Shape): Tensor =>
  createTensor(
    "f32",
    shape,
    Array.from({ length: elementCount(shape) }, (_, i) => (i % 4 === 1 ? 0 : 4 / 3)),
  );

/** Every operator that the architectures lack, in one network. */
function mixedNetwork(): Network {
  return createNetwork("mixed", { input: [2, 16, 16] }, (layers, image) => {
    const { build } = layers;
    const ints = (...values: number[]) => ({ ints: values });
    const state = (key: string, shape: Shape): string =>
      build.state(key, { shape, dtype: "f32", kind: "parameter", initial: { kind: "constant", value: 0 } });
    let x = layers.conv(image, "conv1", { in: 2, out: 8, kernel: 3, stride: 2, padding: 1 });
    x = build.node("Gelu", [layers.groupNorm(x, "group_norm", { channels: 8, groups: 2 })]);
    const depthwise = build.node("Conv", [x, state("depthwise.weight", [8, 1, 3, 3]), state("depthwise.bias", [8])], {
      pads: ints(2, 2, 2, 2),
      dilations: ints(2, 2),
      group: { int: 8 },
    });
    const leaky = build.node("LeakyRelu", [depthwise], { alpha: { float: 0.1 } });
    const gated = build.node("Mul", [leaky, build.node("Sigmoid", [x])]);
    x = build.node("Sub", [gated, build.node("Div", [x, build.scalar(3)])]);
    x = layers.averagePool(x, { kernel: 2 });
    const grouped = build.node("Conv", [x, state("grouped.weight", [12, 4, 3, 3])], {
      pads: ints(1, 1, 1, 1),
      group: { int: 2 },
    });
    const branch = layers.conv(x, "branch", { in: 8, out: 4, kernel: 1 });
    const bent = build.node("Gelu", [branch], { approximate: { string: "tanh" } });
    x = build.node("Concat", [build.node("Tanh", [grouped]), bent], { axis: { int: 1 } });
    x = layers.averagePool(layers.maxPool(x, { kernel: 3, stride: 1, padding: 1 }), { kernel: 2 });
    x = build.node("Reshape", [x, build.ints(0, 16, 4)]);
    x = layers.layerNorm(x, "layer_norm", { shape: [16, 4] });
    const scores = build.node("MatMul", [x, build.node("Transpose", [x], { perm: ints(0, 2, 1) })]);
    x = build.node("MatMul", [build.node("Softmax", [scores], { axis: { int: -1 } }), x]);
    const mix = build.node("Transpose", [state("mix.weight", [6, 4])], { perm: ints(1, 0) });
    x = build.node("Add", [build.node("MatMul", [x, mix]), state("mix.bias", [6])]);
    x = build.node("ReduceMean", [x, build.ints(-1)], { keepdims: { int: 0 } });
    return layers.linear(build.node("Identity", [x]), "out", { in: 16, out: 5 });
  });
}
