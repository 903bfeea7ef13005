import { createTensor } from "../../tensor/tensor.js";
import { type BlockedLayout, blockedShape, storedChannels } from "../layout.js";
import type { StateLayout } from "../state-layout.js";
import type { Unit } from "../unit.js";
import { blocked, positiveMask } from "./blocked-operators.js";

/** A linear layer with what may follow it. */
export interface LinearBlock {
  readonly input: string;
  readonly output: string;
  readonly weight: string;
  readonly bias: string | undefined;
  readonly relu: boolean;
  /** Share of elements that dropout sets to 0; 0 for none. */
  readonly dropout: number;
  /** Of the input, before it was flattened; not folded, whole blocks. */
  readonly from: BlockedLayout;
  /** Of the output, one place high and wide; not folded. */
  readonly to: BlockedLayout;
}

const inputSize = ({ from }: LinearBlock): number => from.channels * from.height * from.width;

/** How the unit wants its state to be stored: the weight as [out/block, in, block], its inputs as they are blocked. */
export function linearStateLayouts(it: LinearBlock): Map<string, StateLayout> {
  const { block, channels: outputs } = it.to;
  const stored = storedChannels(it.to);
  const places = it.from.height * it.from.width;
  const inputs = inputSize(it);
  const order = new Int32Array(stored * inputs).fill(-1);
  for (let o = 0; o < outputs; o++) {
    for (let q = 0; q < inputs; q++) {
      const [group, place, lane] = [Math.floor(q / (places * block)), Math.floor(q / block) % places, q % block];
      const k = (group * block + lane) * places + place;
      order[(Math.floor(o / block) * inputs + q) * block + (o % block)] = o * inputs + k;
    }
  }
  const layouts = new Map<string, StateLayout>([[it.weight, { shape: [stored, inputs], order }]]);
  if (it.bias !== undefined) layouts.set(it.bias, { shape: [outputs], view: [outputs, 1, 1, 1] });
  return layouts;
}

/** Runs a {@link LinearBlock} as 1×1 convolutions on the runtime's operators for blocked channels. */
export function linearUnit(it: LinearBlock): Unit {
  const { from, to, relu, dropout } = it;
  const { block, images, channels: outputs } = to;
  const stored = storedChannels(to);
  const inputs = inputSize(it);
  /** Inputs as places of an image; several rows, so that threads can share the work. */
  const grid = inputs % ROWS === 0 ? [ROWS, inputs / ROWS] : [1, inputs];
  const pointwise = { kernel_shape: { ints: [1, 1] } };
  const rectified = { ...pointwise, activation: { string: "Relu" } };
  const saved = { x: "", weight: "", active: "", mask: "" };
  const keys = it.bias === undefined ? [it.weight] : [it.weight, it.bias];

  return {
    inputs: [it.input, ...keys],
    outputs: [it.output],
    forward({ build, read, write, dropoutMask }) {
      const reshaped = (value: string, ...shape: number[]): string =>
        build.node("Reshape", [value, build.ints(...shape)]);
      const x = reshaped(read(it.input, from), 1, inputs, 1, images);
      const weight = read(it.weight);
      const operands = [x, reshaped(weight, stored, inputs, 1, 1)];
      if (it.bias !== undefined) {
        const rest = stored - outputs;
        const zeros = createTensor("f32", [rest, 1, 1, 1], new Float32Array(rest));
        const bias = read(it.bias);
        operands.push(rest === 0 ? bias : build.node("Concat", [bias, build.constant(zeros)], { axis: { int: 0 } }));
      }
      const active = blocked(build, "Conv", operands, relu ? rectified : pointwise);
      const mask = dropout === 0 ? "" : dropoutMask(blockedShape(to), dropout);
      Object.assign(saved, { x, weight, active, mask });
      write(it.output, mask === "" ? active : build.node("Mul", [active, mask]), to);
    },
    backward({ build, gradientOf, addGradient, wants }) {
      const reshaped = (value: string, ...shape: number[]): string =>
        build.node("Reshape", [value, build.ints(...shape)]);
      /** [a, b, c] to [b, a, c] */
      const swapped = (value: string, a: number, b: number, c: number): string =>
        build.node("Transpose", [reshaped(value, a, b, c)], { perm: { ints: [1, 0, 2] } });
      const plain = (value: string, channels: number): string =>
        blocked(build, "ReorderOutput", [value], { channels: { int: channels } });

      let d = gradientOf(it.output, to)!;
      if (saved.mask !== "") d = build.node("Mul", [d, saved.mask]);
      if (relu) d = build.node("Mul", [d, positiveMask(build, saved.active, stored)]);
      if (it.bias !== undefined) {
        const means = reshaped(blocked(build, "GlobalAveragePool", [d]), stored, 1, 1, 1);
        const own = stored === outputs ? means : build.node("Slice", [means, build.ints(0), build.ints(outputs)]);
        addGradient(it.bias, build.node("Mul", [own, build.scalar(images)]));
      }
      // The inputs as channels' places, the images as channels, the gradient as the filter.
      const byImage = reshaped(swapped(plain(saved.x, inputs), inputs, images / block, block), 1, images, ...grid);
      const product = blocked(build, "Conv", [byImage, reshaped(d, stored, images, 1, 1)], pointwise);
      addGradient(it.weight, reshaped(product, stored, inputs));
      if (!wants(it.input)) return;
      // The weight as the image and the gradient as the filter: no turned copy of the weight.
      const turned = blocked(build, "ReorderInput", [reshaped(d, stored / block, images, 1, block)]);
      const filter = swapped(turned, stored / block, images / block, block * block);
      const image = reshaped(saved.weight, 1, stored, ...grid);
      const spread = blocked(build, "Conv", [image, reshaped(filter, images, stored, 1, 1)], pointwise);
      const gradient = swapped(plain(spread, images), images, inputs / block, block);
      addGradient(it.input, reshaped(gradient, ...blockedShape(from)), from);
    },
  };
}

const ROWS = 8;
