import { describe, expect, test } from "vitest";
import { createRandom } from "../../core/random.js";
import { onnxRuntime } from "../../node/onnx-runtime.js";
import { floatsTensor, tensorFloats } from "../../tensor/float32.js";
import { elementCount, type Shape } from "../../tensor/shape.js";
import { findChannelBlock } from "../channel-block.js";
import { createNetwork } from "../create-network.js";
import { differentiate } from "../differentiate.js";
import type { Network } from "../graph.js";
import { createGraphBuilder, type GraphBuilder } from "../graph-builder.js";
import { inferShapes } from "../infer-shapes.js";
import type { Layers } from "../layers.js";
import { serializeOnnx } from "../onnx/serialize-onnx.js";
import { planUnits } from "../plan-units.js";
import { fromStored, toStored } from "../state-layout.js";
import { batchNormBackward, batchNormForward } from "./batch-norm.js";
import { channelMean, isPositive } from "./channels.js";
import { convForward, convInputGradient, convWeightGradient } from "./conv.js";
import { type BlockedConv, convWeightLayout } from "./conv-weight.js";
import {
  type BlockedLayout,
  blockedShape,
  enterImages,
  enterRows,
  imageLayout,
  leaveRows,
  narrowFold,
  nextLayout,
  rowsLayout,
  widenFold,
} from "./layout.js";
import { linearForward, linearInputGradient, linearWeightGradient, linearWeightLayout } from "./linear.js";
import { maxPoolBackward, maxPoolForward } from "./max-pool.js";

const found = await findChannelBlock(onnxRuntime);
const block = found ?? 16;
/** Sums of some hundred products in another order. */
const TOLERANCE = 1e-5;

type Numbers = Float32Array<ArrayBufferLike>;

function random(name: string, count: number): Numbers {
  const stream = createRandom(11, name);
  return Float32Array.from({ length: count }, () => stream.normal());
}

/** Runs a graph of inputs given by value. */
async function evaluate(
  inputs: Readonly<Record<string, { readonly shape: Shape; readonly values: Numbers }>>,
  body: (build: GraphBuilder) => Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, Numbers>>> {
  const build = createGraphBuilder("rule");
  for (const [name, { shape }] of Object.entries(inputs)) build.input(name, "f32", shape);
  for (const [name, value] of Object.entries(body(build))) build.output(value, "f32", { as: name });
  const session = await onnxRuntime.createSession(serializeOnnx(build.build()), { threads: 2 });
  const feeds = Object.entries(inputs).map(([name, { shape, values }]) => [name, floatsTensor(shape, values)]);
  const results = await session.run(Object.fromEntries(feeds));
  await session.close();
  return Object.fromEntries(Object.entries(results).map(([name, tensor]) => [name, tensorFloats(tensor)]));
}

/** One layer by its operator's rules: outputs and gradients, by name of what they are the gradient of. */
function portable(
  network: Network,
  given: { readonly images: number; readonly values: Readonly<Record<string, Numbers>>; readonly gradient: Numbers },
): Promise<Readonly<Record<string, Numbers>>> {
  const shapes = inferShapes(network, { sizes: { n: given.images } });
  const names = ["image", ...network.state.keys()].filter((name) => !name.endsWith("num_batches_tracked"));
  const shapeOf = (name: string): Shape => shapes.shapes.get(name)!;
  const inputs = Object.fromEntries(
    names.map((name) => [name, { shape: shapeOf(name), values: given.values[name] }] as const),
  );
  const shape = shapeOf("logits");
  return evaluate({ ...inputs, gradient: { shape, values: given.gradient } }, (build) => {
    let output = "";
    const gradients = differentiate(build, network, {
      shapes,
      units: planUnits(network, shapes).units,
      values: new Map(names.map((name) => [name, name])),
      by: names.filter((name) => !name.includes("running")),
      updateRunning: () => {},
      dropoutMask: () => "",
      outputGradients(emittedOf) {
        output = emittedOf("logits");
        return new Map([["logits", "gradient"]]);
      },
    });
    const asked = [...gradients].filter(([name]) => names.includes(name));
    return { output, ...Object.fromEntries(asked.map(([name, it]) => [`d ${name}`, it])) };
  });
}

/** Where an element lies, by the layout's description. */
function placeOf(layout: BlockedLayout, [n, c, y, x]: readonly number[]): number {
  const perFold = layout.images / layout.fold;
  const channel = Math.floor(n / perFold) * layout.padded + c;
  const place = (high: number): number => ((high * layout.height + y) * layout.width + x) * perFold + (n % perFold);
  return layout.thin ? place(channel) : place(Math.floor(channel / block)) * block + (channel % block);
}

function* places({ images, channels, height, width }: BlockedLayout): Generator<number[]> {
  for (let n = 0; n < images; n++) {
    for (let c = 0; c < channels; c++) {
      for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) yield [n, c, y, x];
    }
  }
}

function pack(values: Numbers, layout: BlockedLayout): Numbers {
  const packed = new Float32Array(elementCount(blockedShape(layout)));
  let i = 0;
  for (const at of places(layout)) packed[placeOf(layout, at)] = values[i++];
  return packed;
}

const unpack = (packed: Numbers, layout: BlockedLayout): Numbers =>
  Float32Array.from(places(layout), (at) => packed[placeOf(layout, at)]);

const blocked = (layout: BlockedLayout, values: Numbers) => ({
  shape: blockedShape(layout),
  values: pack(values, layout),
});

function expectClose(found: Numbers, wanted: Numbers, what: string): void {
  expect(found.length, what).toBe(wanted.length);
  const rms = Math.hypot(...wanted) / Math.sqrt(wanted.length);
  const worst = wanted.reduce((most, value, i) => Math.max(most, Math.abs(found[i] - value)), 0);
  expect(worst / Math.max(rms, 1e-3), what).toBeLessThan(TOLERANCE);
}

/** A layout of so many images and channels, as if a convolution had made it of an image. */
function layoutOf(images: number, channels: number, size: readonly [number, number]): BlockedLayout {
  const [height, width] = size;
  const padded = channels >= block ? Math.ceil(channels / block) * block : 2 ** Math.ceil(Math.log2(channels));
  const fold = Math.max(1, block / padded);
  return { block, images, channels, padded, fold, height, width, thin: false };
}

const oneLayer = (input: readonly number[], layer: (layers: Layers, image: string) => string): Network =>
  createNetwork("layer", { input }, layer);

describe.skipIf(found === undefined)("in blocks of channels", () => {
  test.each([
    { name: "one channel, folded", channels: 1, outChannels: 8 },
    { name: "one channel, whole blocks to come", channels: 1, outChannels: 2 * block },
    { name: "three channels", channels: 3, outChannels: 4 },
    { name: "five channels, filled up", channels: 5, outChannels: 4 },
    { name: "more channels than a block", channels: block + 3, outChannels: 4 },
  ])("images enter their layout: $name", async ({ channels, outChannels }) => {
    const shape = [4 * block, channels, 3, 2];
    const layout = imageLayout(shape, { block, outChannels });
    const values = random("image", elementCount(shape));
    const { entered } = await evaluate({ image: { shape, values } }, (build) => ({
      entered: enterImages(build, "image", layout),
    }));
    expect(entered).toEqual(pack(values, layout));
  });

  test.each([3, block, block + 5])("rows of %i enter and leave their layout", async (size) => {
    const layout = rowsLayout(2 * block, size, block);
    const values = random("rows", layout.images * size);
    const { entered, left } = await evaluate({ rows: { shape: [layout.images, size], values } }, (build) => {
      const it = enterRows(build, "rows", layout);
      return { entered: it, left: leaveRows(build, it, layout) };
    });
    expect(entered).toEqual(pack(values, layout));
    expect(left).toEqual(values);
  });

  test.each([
    { fold: 2, channels: block },
    { fold: 4, channels: 2 * block },
    { fold: block / 4, channels: block / 2 },
    { fold: block / 2, channels: block / 4 },
    { fold: block / 2, channels: block / 2 },
  ])("images move from fold $fold as $channels channels need, and back", async ({ fold, channels }) => {
    const to = layoutOf(fold * block, channels, [2, 3]);
    const from = { ...to, fold };
    const values = random("fold", elementCount(blockedShape(to)));
    const { narrowed, widened } = await evaluate({ value: blocked(from, values) }, (build) => {
      const narrow = narrowFold(build, "value", { from, to });
      return { narrowed: narrow, widened: widenFold(build, narrow, { from, to }) };
    });
    expect(narrowed).toEqual(pack(values, to));
    expect(widened).toEqual(pack(values, from));
  });

  test.each([
    { name: "3×3, padded", from: block, to: 2 * block, size: [4, 6], kernel: [3, 3], padding: [1, 1] },
    {
      name: "channels that do not fill a block",
      from: block + 2,
      to: block + 1,
      size: [3, 4],
      kernel: [3, 3],
      padding: [1, 1],
    },
    {
      name: "several images in a block",
      from: block / 2,
      to: block / 2,
      size: [4, 4],
      kernel: [3, 3],
      padding: [1, 1],
    },
    { name: "from few channels to many", from: block / 4, to: block, size: [4, 4], kernel: [3, 3], padding: [1, 1] },
    { name: "odd numbers of channels", from: 3, to: 6, size: [4, 4], kernel: [3, 3], padding: [1, 1] },
    { name: "5×5 without padding", from: block, to: block, size: [7, 6], kernel: [5, 5], padding: [0, 0] },
    { name: "1×1", from: block, to: block, size: [2, 3], kernel: [1, 1], padding: [0, 0] },
    { name: "3×5, padded differently", from: block, to: block, size: [5, 6], kernel: [3, 5], padding: [2, 1] },
    { name: "an image", from: 1, to: 8, size: [6, 6], kernel: [3, 3], padding: [1, 1], image: true },
    {
      name: "a colour image to whole blocks",
      from: 3,
      to: block,
      size: [5, 4],
      kernel: [3, 3],
      padding: [1, 1],
      image: true,
    },
    { name: "an image without padding", from: 1, to: 6, size: [6, 6], kernel: [5, 5], padding: [0, 0], image: true },
  ] as const)(
    "convolution and its gradients: $name",
    async ({ from: c, to: o, size, kernel, padding, image }: ConvCase) => {
      const images = 4 * block;
      const from = image ? imageLayout([images, c, ...size], { block, outChannels: o }) : layoutOf(images, c, size);
      const [height, width] = size.map((it, axis) => it + 2 * padding[axis] - kernel[axis] + 1);
      const out = { ...nextLayout(from, { channels: o, height, width }), fold: from.fold };
      const conv: BlockedConv = { from, out, kernel, padding };
      const network = oneLayer([c, ...size], ({ build }, x) => {
        const state = { dtype: "f32", kind: "parameter", initial: { kind: "constant", value: 0 } } as const;
        const weight = build.state("weight", { ...state, shape: [o, c, ...kernel] });
        return build.node("Conv", [x, weight], { pads: { ints: [...padding, ...padding] } });
      });
      const x = random("x", images * c * size[0] * size[1]);
      const weight = random("w", o * c * kernel[0] * kernel[1]);
      const gradient = random("g", images * o * height * width);
      const form = convWeightLayout(conv);
      const stored = toStored(weight, form);
      const results = await evaluate(
        { x: blocked(from, x), weight: { shape: form.shape, values: stored }, gradient: blocked(out, gradient) },
        (build) => ({
          output: convForward(build, conv, { x: "x", weight: "weight" }),
          weight_gradient: convWeightGradient(build, conv, { x: "x", gradient: "gradient" }),
          ...(image
            ? {}
            : { input_gradient: convInputGradient(build, conv, { gradient: "gradient", weight: "weight" }) }),
        }),
      );
      const wanted = await portable(network, { images, values: { image: x, weight }, gradient });
      expectClose(unpack(results.output, out), wanted.output, "output");
      const weightGradient = fromStored(results.weight_gradient, form, { count: weight.length });
      expectClose(weightGradient, wanted["d weight"], "weight gradient");
      if (!image) expectClose(unpack(results.input_gradient, from), wanted["d image"], "input gradient");
    },
  );

  test.each([
    { channels: block, size: [4, 6] },
    { channels: block / 4, size: [2, 2] },
    { channels: block + 1, size: [1, 3] },
  ] as const)("batch normalisation and its gradients: $channels channels", async ({ channels, size }) => {
    const images = 4 * block;
    const layout = layoutOf(images, channels, size);
    const count = images * size[0] * size[1];
    const z = random("z", count * channels).map((value, i) => 0.3 * value + 0.1 * (i % 7));
    const gradient = random("g", count * channels);
    const vectors = { scale: random("scale", channels), shift: random("shift", channels) };
    const vector = (values: Numbers) => ({ shape: [layout.padded], values: padded(values, layout.padded) });
    const results = await evaluate(
      {
        z: blocked(layout, z),
        gradient: blocked(layout, gradient),
        scale: vector(vectors.scale),
        shift: vector(vectors.shift),
      },
      (build) => {
        const forward = batchNormForward(build, "z", {
          layout,
          scale: "scale",
          shift: "shift",
          epsilon: 1e-5,
          relu: false,
        });
        const gradientMean = channelMean(build, "gradient", layout);
        const back = batchNormBackward(build, { z: "z", gradient: "gradient", forward, layout, count, gradientMean });
        return { output: forward.y, dz: back.z, dscale: back.scale, dshift: back.shift };
      },
    );
    const network = oneLayer([channels, ...size], (layers, x) => layers.batchNorm(x, "bn", { channels }));
    const zeros = new Float32Array(channels);
    const values = {
      image: z,
      "bn.weight": vectors.scale,
      "bn.bias": vectors.shift,
      "bn.running_mean": zeros,
      "bn.running_var": zeros,
    };
    const wanted = await portable(network, { images, values, gradient });
    expectClose(unpack(results.output, layout), wanted.output, "output");
    expectClose(unpack(results.dz, layout), wanted["d image"], "input gradient");
    expectClose(results.dscale.subarray(0, channels), wanted["d bn.weight"], "scale gradient");
    expectClose(results.dshift.subarray(0, channels), wanted["d bn.bias"], "shift gradient");
    // Channels that fill up a block stay 0.
    for (const name of ["dscale", "dshift"]) expect(results[name].slice(channels).every((it) => it === 0)).toBe(true);
  });

  test("a ReLU passes what is above 0, and nothing at 0", async () => {
    const values = Float32Array.from({ length: block }, (_, i) => [-1, 0, -0, 1e-30, 1, 3e38, -1e-30, 0.5][i % 8]);
    const shape = [1, block, 1, 1];
    const { mask } = await evaluate({ x: { shape, values } }, (build) => ({ mask: isPositive(build, "x", block) }));
    expect([...mask]).toEqual([...values].map((value) => (value > 0 ? 1 : 0)));
  });

  // Few whole numbers, so that nearly every window has equal largest values.
  test.each([0, 1, 2, 3])("of equal values in a window the first takes the gradient, draw %i", async (draw) => {
    const images = 2 * block;
    const from = layoutOf(images, block / 2, [4, 6]);
    const out = { ...from, height: 2, width: 3 };
    const stream = createRandom(draw, "ties");
    const count = images * from.channels;
    const x = Float32Array.from({ length: count * 24 }, () => stream.integer(3) - 1);
    const gradient = Float32Array.from({ length: count * 6 }, () => stream.integer(99) - 49);
    const network = oneLayer([from.channels, 4, 6], (layers, image) =>
      layers.maxPool(layers.relu(image), { kernel: 2 }),
    );
    const wanted = await portable(network, { images, values: { image: x }, gradient });
    const results = await evaluate({ x: blocked(from, x), gradient: blocked(out, gradient) }, (build) => {
      const forward = maxPoolForward(build, "x", { from, out, relu: true });
      const passed = build.node("Mul", ["gradient", isPositive(build, forward.y, blockedShape(out)[1])]);
      return { output: forward.y, spread: maxPoolBackward(build, { gradient: passed, forward, from }) };
    });
    expect(unpack(results.output, out)).toEqual(wanted.output);
    expect(unpack(results.spread, from).map(positiveZero)).toEqual(wanted["d image"].map(positiveZero));
  });

  test.each([
    { name: "rows", channels: 2 * block, size: [1, 1], out: 3 * block },
    { name: "rows that do not fill blocks", channels: block + 3, size: [1, 1], out: 10 },
    { name: "an image of several places", channels: block, size: [2, 3], out: block },
    { name: "an image whose channels do not fill a block", channels: block - 3, size: [2, 2], out: 5 },
  ] as const)("a linear layer and its gradients: $name", async ({ channels, size, out: o }) => {
    const images = 2 * block;
    const padded = Math.ceil(channels / block) * block;
    const from = { ...layoutOf(images, channels, size), padded, fold: 1 };
    const out = rowsLayout(images, o, block);
    const linear = { from, out };
    const inputs = channels * size[0] * size[1];
    const network = oneLayer([channels, ...size], (layers, x) =>
      layers.linear(layers.flatten(x), "fc", { in: inputs, out: o, bias: false }),
    );
    const x = random("x", images * inputs);
    const weight = random("w", o * inputs);
    const gradient = random("g", images * o);
    const form = linearWeightLayout(linear);
    const stored = toStored(weight, form);
    const results = await evaluate(
      { x: blocked(from, x), weight: { shape: form.shape, values: stored }, gradient: blocked(out, gradient) },
      (build) => ({
        output: linearForward(build, linear, { x: "x", weight: "weight", relu: false }),
        input_gradient: linearInputGradient(build, linear, { gradient: "gradient", weight: "weight" }),
        weight_gradient: linearWeightGradient(build, linear, { x: "x", gradient: "gradient" }),
      }),
    );
    const wanted = await portable(network, { images, values: { image: x, "fc.weight": weight }, gradient });
    expectClose(unpack(results.output, out), wanted.output, "output");
    expectClose(unpack(results.input_gradient, from), wanted["d image"], "input gradient");
    const weightGradient = fromStored(results.weight_gradient, form, { count: weight.length });
    expectClose(weightGradient, wanted["d fc.weight"], "weight gradient");
  });
});

interface ConvCase {
  readonly from: number;
  readonly to: number;
  readonly size: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly padding: readonly [number, number];
  readonly image?: boolean;
}

function padded(values: Numbers, size: number): Numbers {
  const whole = new Float32Array(size);
  whole.set(values);
  return whole;
}

const positiveZero = (value: number): number => (value === 0 ? 0 : value);
