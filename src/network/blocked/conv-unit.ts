import { createTensor } from "../../tensor/tensor.js";
import { type BlockedLayout, blockedShape, storedChannels } from "../layout.js";
import type { StateLayout } from "../state-layout.js";
import type { Unit } from "../unit.js";
import { blocked, channelMeans, channelwise, ones, positiveMask, tile } from "./blocked-operators.js";
import { type ConvGeometry, convFilters, convWeightLayout, storedConvGradient } from "./conv-weight.js";
import { type BlockedPool, emitMaxPool } from "./max-pool.js";

/** A 3×3 convolution, batch normalisation, ReLU and perhaps a 2×2 max pool. */
export interface ConvBlock {
  readonly input: string;
  readonly output: string;
  readonly weight: string;
  readonly bias: string | undefined;
  readonly scale: string;
  readonly shift: string;
  readonly mean: string;
  readonly variance: string;
  readonly epsilon: number;
  /** Share of the running statistics that stays. */
  readonly kept: number;
  readonly pool: boolean;
  readonly first: boolean;
  /** Of the input, and of what the convolution gives. */
  readonly from: BlockedLayout;
  readonly to: BlockedLayout;
}

/** How the unit wants its state to be stored. */
export function convStateLayouts(it: ConvBlock): Map<string, StateLayout> {
  const vector = { shape: [it.to.channels], view: [it.to.channels, 1, 1, 1] };
  const layouts = new Map<string, StateLayout>([[it.weight, convWeightLayout(geometryOf(it))]]);
  for (const key of [it.bias, it.scale, it.shift, it.mean, it.variance])
    if (key !== undefined) layouts.set(key, vector);
  return layouts;
}

/** The image is folded as the output is; any other input has its own fold. */
function geometryOf({ from, to, first }: ConvBlock): ConvGeometry {
  return { block: to.block, from: from.channels, to: to.channels, fold: (first ? to : from).fold, first };
}

/**
 * Runs a {@link ConvBlock} on the runtime's operators for blocked channels, which take filters that a graph computes:
 * forward, input gradient and weight gradient are each one of their convolutions, and batch normalisation is a
 * convolution of each channel with itself. The convolution subtracts the running mean, so that mean and variance are
 * computed from small numbers; the normalisation takes it out again, as it does the bias, whose gradient is 0.
 */
export function convUnit(it: ConvBlock): Unit {
  const geometry = geometryOf(it);
  const { from, to, pool } = it;
  const { fold, block } = geometry;
  const [foldTo, images, size] = [to.fold, to.images, to.height * to.width];
  const stored = storedChannels(to);
  const columns = blockedShape(to)[3];
  const count = images * size;
  const pooledLayout = { ...to, height: to.height / 2, width: to.width / 2 };
  const outputLayout = pool ? pooledLayout : to;
  /** Images side by side in a row of the convolution. */
  const step = images / fold;
  const window = {
    kernel_shape: { ints: [3, 3] },
    pads: { ints: [1, step, 1, step] },
    dilations: { ints: [1, step] },
  };
  const saved = { x: "", z: "", y: "", mean: "", deviation: "", spread: "", factor: "", backward: () => "" };
  let pooling: BlockedPool | undefined;
  const keys = [it.weight, it.bias, it.scale, it.shift, it.mean, it.variance];

  return {
    inputs: [it.input, ...keys.filter((key) => key !== undefined)],
    outputs: [it.output],
    forward({ build, read, write, updateRunning }) {
      const op = (type: string, ...inputs: string[]): string => build.node(type, inputs);
      const runningMean = read(it.mean);
      const offset = it.bias === undefined ? op("Neg", runningMean) : op("Sub", read(it.bias), runningMean);
      const filters = convFilters(build, read(it.weight), geometry);
      const x = it.first ? foldedImage(build, read(it.input), it, fold) : read(it.input, from);
      let z = blocked(build, "Conv", [x, filters.forward, tile(build, offset, fold)], window);
      if (fold !== foldTo) {
        const groups = build.node("Reshape", [z, build.ints(fold, to.channels / block, size, step * block)]);
        const turned = build.node("Transpose", [groups], { perm: { ints: [1, 2, 0, 3] } });
        z = build.node("Reshape", [turned, build.ints(...blockedShape(to))]);
      }
      const statistics = { stored, columns, fold: foldTo };
      const mean = channelMeans(build, z, statistics);
      const square = channelMeans(build, op("Mul", z, z), statistics);
      const variance = op("Sub", square, op("Mul", mean, mean));
      const spread = op("Add", variance, build.scalar(it.epsilon));
      const deviation = op("Sqrt", spread);
      // The mean is measured from the running one: what it adds is its share.
      updateRunning(it.mean, mean, { old: 1, now: 1 - it.kept });
      updateRunning(it.variance, variance, { old: it.kept, now: ((1 - it.kept) * count) / Math.max(1, count - 1) });
      const factor = op("Div", read(it.scale), deviation);
      const affine = {
        channels: stored,
        scale: tile(build, factor, foldTo),
        shift: tile(build, op("Sub", read(it.shift), op("Mul", mean, factor)), foldTo),
      };
      if (pool) {
        pooling = emitMaxPool(build, channelwise(build, z, affine), to);
        saved.y = pooling.output;
      } else saved.y = channelwise(build, z, { ...affine, relu: true });
      Object.assign(saved, { x, z, mean, deviation, spread, factor, backward: filters.backward });
      write(it.output, saved.y, outputLayout);
    },
    backward({ build, gradientOf, addGradient, wants }) {
      const op = (type: string, ...inputs: string[]): string => build.node(type, inputs);
      const { z, mean, deviation, spread, factor } = saved;
      const arriving = op("Mul", gradientOf(it.output, outputLayout)!, positiveMask(build, saved.y, stored));
      const statistics = { stored, columns, fold: foldTo };
      const gradient = pooling === undefined ? arriving : pooling.spread(arriving);
      const pooledMean = (): string =>
        // Each pooled gradient reaches one of four places.
        op("Mul", channelMeans(build, arriving, { ...statistics, columns: columns / 2 }), build.scalar(0.25));
      const meanGradient = pooling === undefined ? channelMeans(build, gradient, statistics) : pooledMean();
      const meanProduct = channelMeans(build, op("Mul", gradient, z), statistics);
      const covariance = op("Sub", op("Mul", mean, meanGradient), meanProduct);
      addGradient(it.shift, op("Mul", meanGradient, build.scalar(count)));
      addGradient(it.scale, op("Mul", op("Div", covariance, deviation), build.scalar(-count)));
      if (it.bias !== undefined) {
        const { channels } = to;
        addGradient(it.bias, build.constant(createTensor("f32", [channels, 1, 1, 1], new Float32Array(channels))));
      }
      // dz = factor·g + tilt·z + rest
      const tilt = op("Mul", factor, op("Div", covariance, spread));
      const rest = op("Neg", op("Add", op("Mul", factor, meanGradient), op("Mul", tilt, mean)));
      const tilted = channelwise(build, z, {
        channels: stored,
        scale: tile(build, tilt, foldTo),
        shift: tile(build, rest, foldTo),
      });
      let dz = channelwise(build, gradient, { channels: stored, scale: tile(build, factor, foldTo), sum: tilted });
      if (fold !== foldTo) {
        const groups = build.node("Reshape", [dz, build.ints(to.channels / block, size, fold, step * block)]);
        const turned = build.node("Transpose", [groups], { perm: { ints: [2, 0, 1, 3] } });
        dz = build.node("Reshape", [turned, build.ints(1, fold * to.channels, to.height, to.width * step)]);
      }
      addGradient(it.weight, weightGradient(dz));
      if (wants(it.input)) addGradient(it.input, blocked(build, "Conv", [dz, saved.backward()], window), from);

      /**
       * A convolution whose batch is the input's channels, whose channels are a block of images, and whose kernel is
       * the gradient: its bytes are in the order of a filter already.
       */
      function weightGradient(kernel: string): string {
        const [channels, { height, width }] = [fold * from.channels, to];
        const blocks = step / block;
        let padded: string;
        if (it.first) {
          const rows = build.node("Reshape", [saved.x, build.ints(channels * height, width * step)]);
          padded = build.node("Pad", [rows, build.ints(0, step, 0, step)]);
        } else {
          // A copy through a convolution pads faster than the operator for it.
          const copy = blocked(build, "Conv", [saved.x, ones(build, channels)], {
            kernel_shape: { ints: [1, 1] },
            group: { int: channels },
            pads: { ints: [0, step, 0, step] },
          });
          padded = blocked(build, "ReorderOutput", [copy], { channels: { int: channels } });
        }
        const swept = blocked(
          build,
          "Conv",
          [
            build.node("Reshape", [padded, build.ints(channels, block, height, (width + 2) * blocks)]),
            build.node("Reshape", [kernel, build.ints(fold * to.channels, block, height, width * blocks)]),
          ],
          {
            kernel_shape: { ints: [height, width * blocks] },
            strides: { ints: [1, blocks] },
            pads: { ints: [1, 0, 1, 0] },
          },
        );
        return storedConvGradient(build, swept, geometry);
      }
    },
  };
}

/** [n, c, h, w] as one image of fold·c channels and width w·n/fold. */
function foldedImage(
  build: Parameters<typeof blocked>[0],
  image: string,
  { from, to }: ConvBlock,
  fold: number,
): string {
  const { channels, height, width } = from;
  const split = build.node("Reshape", [image, build.ints(fold, to.images / fold, channels, height * width)]);
  const turned = build.node("Transpose", [split], { perm: { ints: [0, 2, 3, 1] } });
  return build.node("Reshape", [turned, build.ints(1, fold * channels, height, (width * to.images) / fold)]);
}
