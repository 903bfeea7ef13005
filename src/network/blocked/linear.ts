import type { GraphBuilder } from "../graph-builder.js";
import type { StateLayout } from "../state-layout.js";
import { type BlockedLayout, blockedShape } from "./layout.js";
import { nchwc, reluIf, reorderOutput, reshape, transpose } from "./nchwc.js";

/** A linear layer over values that lie in blocks, of one pixel or of several, which it takes for one row. */
export interface BlockedLinear {
  /** Fold 1. */
  readonly from: BlockedLayout;
  /** Rows. */
  readonly out: BlockedLayout;
}

/** Numbers per image that go in, with padding. */
const inputSize = ({ from }: BlockedLinear): number => from.padded * from.height * from.width;

/** The rows of a value of several pixels: its bytes are theirs, in the order block of channels, place, channel. */
const asRow = (build: GraphBuilder, value: string, linear: BlockedLinear): string =>
  reshape(build, value, [1, inputSize(linear), 1, linear.from.images]);

/**
 * A matrix [o, k] as the runtime's kernels want a picture: some height, so that every thread gets rows. k is a
 * multiple of the block, which is one of 8.
 */
const tall = (rows: number, columns: number): number[] => [1, rows, 8, columns / 8];

/** How a weight [o, k] is kept: [o/b, k, b], k in the order of the input's memory. Declared as a matrix. */
export function linearWeightLayout(linear: BlockedLinear): StateLayout {
  const { from, out } = linear;
  const { block, channels, padded, height, width } = from;
  const pixels = height * width;
  const size = inputSize(linear);
  return {
    id: `linear ${block} ${channels}/${padded}·${pixels} ${out.channels}/${out.padded}`,
    shape: [out.padded, size],
    order: () => {
      const order = new Int32Array(out.padded * size).fill(-1);
      for (let o = 0; o < out.channels; o++) {
        const start = Math.floor(o / block) * size;
        for (let c = 0; c < channels; c++) {
          for (let p = 0; p < pixels; p++) {
            const k = (Math.floor(c / block) * pixels + p) * block + (c % block);
            order[(start + k) * block + (o % block)] = (o * channels + c) * pixels + p;
          }
        }
      }
      return order;
    },
  };
}

export interface LinearForward {
  readonly x: string;
  /** In its stored form. */
  readonly weight: string;
  /** [padded]; absent for none. */
  readonly bias?: string;
  readonly relu: boolean;
}

/** x·wᵀ + bias: a convolution of one pixel. */
export function linearForward(
  build: GraphBuilder,
  linear: BlockedLinear,
  { x, weight, bias, relu }: LinearForward,
): string {
  const filter = reshape(build, weight, [linear.out.padded, inputSize(linear), 1, 1]);
  const inputs = [asRow(build, x, linear), filter, ...(bias === undefined ? [] : [bias])];
  return nchwc(build, "Conv", inputs, { kernel_shape: { ints: [1, 1] }, ...reluIf(relu) });
}

/** dw = dᵀ·x in its stored form: a convolution over [images, k] with d, whose bytes are its filter. */
export function linearWeightGradient(
  build: GraphBuilder,
  linear: BlockedLinear,
  { x, gradient }: { readonly x: string; readonly gradient: string },
): string {
  const { images, block } = linear.from;
  const size = inputSize(linear);
  const plain = reorderOutput(build, asRow(build, x, linear), size);
  const byImages = transpose(build, reshape(build, plain, [size, images / block, block]), [1, 0, 2]);
  const filter = reshape(build, gradient, [linear.out.padded, images, 1, 1]);
  const found = nchwc(build, "Conv", [reshape(build, byImages, tall(images, size)), filter], {
    kernel_shape: { ints: [1, 1] },
  });
  return reshape(build, found, [linear.out.padded, size]);
}

/**
 * dx = d·w: a convolution over the weight, taken for a picture [o, k], with d for the filter. The large matrix stays
 * as it lies; only d is turned.
 */
export function linearInputGradient(
  build: GraphBuilder,
  linear: BlockedLinear,
  { gradient, weight }: { readonly gradient: string; readonly weight: string },
): string {
  const { from, out } = linear;
  const { images, block } = from;
  const size = inputSize(linear);
  const blocked = nchwc(build, "ReorderInput", [reshape(build, gradient, [out.padded / block, images, 1, block])]);
  const split = reshape(build, blocked, [out.padded / block, images / block, block * block]);
  const filter = reshape(build, transpose(build, split, [1, 0, 2]), [images, out.padded, 1, 1]);
  const byImages = nchwc(build, "Conv", [reshape(build, weight, tall(out.padded, size)), filter], {
    kernel_shape: { ints: [1, 1] },
  });
  const plain = reshape(build, reorderOutput(build, byImages, images), [images, size / block, block]);
  return reshape(build, transpose(build, plain, [1, 0, 2]), blockedShape(from));
}
