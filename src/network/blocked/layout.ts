import { elementCount } from "../../tensor/shape.js";
import { createTensor } from "../../tensor/tensor.js";
import type { GraphBuilder } from "../graph-builder.js";
import { nchwc, reorderOutput, reshape, transpose } from "./nchwc.js";

/**
 * How a value [n, c, h, w] lies in memory inside a blocked step, with blocks of b channels:
 *
 *     [fold·padded/b, h, w, n/fold, b]
 *
 * The images are the fastest axis but for the block, folded into the width: the runtime is told of one image
 * [1, fold·padded, h, w·n/fold], in which a step of one pixel to the right is a step of n/fold, a dilation. The same
 * bytes, read as [o/b, h, w·n/b, b images, b channels], are a convolution's *filter* over blocks of b images, which is
 * what the gradient of a weight needs: nothing is transposed for it.
 *
 * Where there are fewer channels than a block has places, `fold` groups of n/fold images share a block: channel
 * q·padded + i of the block's axis is channel i of images q·n/fold … (q + 1)·n/fold − 1.
 */
export interface BlockedLayout {
  /** Channels per block, b. */
  readonly block: number;
  readonly images: number;
  readonly channels: number;
  /** `channels` and zeros: a multiple of the block, or a divisor of it. */
  readonly padded: number;
  /** ≥ 1; images·channels per block where channels are few. */
  readonly fold: number;
  readonly height: number;
  readonly width: number;
  /** Images of few channels lie plain, [fold·channels, h, w, n/fold], and are not padded. */
  readonly thin: boolean;
}

/** Images per group, n/fold: the distance from a pixel to its right neighbour. */
export const imagesPerFold = ({ images, fold }: BlockedLayout): number => images / fold;

/** Channels that the runtime is told of. */
export const wideChannels = ({ fold, padded }: BlockedLayout): number => fold * padded;

/** Shape that the runtime is told of. */
export const blockedShape = (layout: BlockedLayout): number[] => [
  1,
  wideChannels(layout),
  layout.height,
  layout.width * imagesPerFold(layout),
];

/** From this many channels on, images are put into blocks; fewer are read by a kernel for plain images. */
const THIN_CHANNELS = 4;

/** The layout of a network's images [n, c, h, w], n being a multiple of the block. */
export function imageLayout(
  [images, channels, height, width]: readonly number[],
  { block, outChannels }: { readonly block: number; readonly outChannels: number },
): BlockedLayout {
  const thin = channels < THIN_CHANNELS;
  // Plain images fold as the convolution's output wants to; that kernel takes fewer channels than a block.
  let fold = Math.max(1, block / paddedCount(thin ? outChannels : channels, block));
  while (images % (block * fold) !== 0 || (thin && fold > 1 && fold * channels >= block)) fold /= 2;
  const padded = thin ? channels : Math.max(block / fold, paddedCount(channels, block));
  return { block, images, channels, padded, fold, height, width, thin };
}

export interface NextLayoutOptions {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Asks for whole blocks of channels: fold 1. */
  readonly unfolded?: boolean;
}

/** The layout of what a convolution makes of a value. Folds never grow, so that a block's places stay filled. */
export function nextLayout(from: BlockedLayout, options: NextLayoutOptions): BlockedLayout {
  const { block, images, fold: before } = from;
  const { channels, height, width, unfolded = false } = options;
  const padded = Math.max(paddedCount(channels, block), unfolded ? block : block / before);
  const fold = Math.max(1, block / padded);
  return { block, images, channels, padded, fold, height, width, thin: false };
}

/** The layout of rows [n, size]: images of one pixel. */
export function rowsLayout(images: number, size: number, block: number): BlockedLayout {
  const padded = Math.ceil(size / block) * block;
  return { block, images, channels: size, padded, fold: 1, height: 1, width: 1, thin: false };
}

/** The next size that divides the block or is a multiple of it. */
function paddedCount(channels: number, block: number): number {
  if (channels >= block) return Math.ceil(channels / block) * block;
  let size = 1;
  while (size < channels) size *= 2;
  return size;
}

/** Plain images [n, c, h, w] in a layout. */
export function enterImages(build: GraphBuilder, images: string, layout: BlockedLayout): string {
  const { padded, fold, height, width, thin } = layout;
  const n = imagesPerFold(layout);
  const wide = withZeroChannels(build, images, layout);
  const grouped = reshape(build, wide, [fold, n, padded * height * width]);
  const plain = reshape(build, transpose(build, grouped, [0, 2, 1]), [1, fold * padded, height, width * n]);
  return thin ? plain : nchwc(build, "ReorderInput", [plain]);
}

/** The inverse of {@link enterImages}. */
export function leaveImages(build: GraphBuilder, value: string, layout: BlockedLayout): string {
  const { images, channels, padded, fold, height, width, thin } = layout;
  const n = imagesPerFold(layout);
  const plain = thin ? value : reorderOutput(build, value, fold * padded);
  const grouped = reshape(build, plain, [fold, padded * height * width, n]);
  const whole = reshape(build, transpose(build, grouped, [0, 2, 1]), [images, padded, height, width]);
  if (padded === channels) return whole;
  return build.node("Slice", [whole, build.ints(0), build.ints(channels), build.ints(1)]);
}

function withZeroChannels(build: GraphBuilder, images: string, layout: BlockedLayout): string {
  const shape = [layout.images, layout.padded - layout.channels, layout.height, layout.width];
  if (shape[1] === 0) return images;
  const zeros = createTensor("f32", shape, new Float32Array(elementCount(shape)));
  return build.node("Concat", [images, build.constant(zeros)], { axis: { int: 1 } });
}

/** Plain rows [n, size] in a layout. */
export function enterRows(build: GraphBuilder, rows: string, layout: BlockedLayout): string {
  const { images, channels, padded, block } = layout;
  let wide = rows;
  if (padded > channels) wide = build.node("Pad", [rows, build.ints(0, 0, 0, padded - channels)]);
  const split = reshape(build, wide, [images, padded / block, block]);
  return reshape(build, transpose(build, split, [1, 0, 2]), blockedShape(layout));
}

/** The inverse of {@link enterRows}. */
export function leaveRows(build: GraphBuilder, value: string, layout: BlockedLayout): string {
  const { images, channels, padded, block } = layout;
  const split = reshape(build, value, [padded / block, images, block]);
  const rows = reshape(build, transpose(build, split, [1, 0, 2]), [images, padded]);
  if (padded === channels) return rows;
  return build.node("Slice", [rows, build.ints(0), build.ints(channels), build.ints(1)]);
}

/**
 * Spreads the images of a value over another number of folds: `from` has the fold of what it was computed from, `to`
 * a divisor of it. Image group q of `from` is (q ÷ r, q mod r) with r = from.fold/to.fold: the second number moves
 * from the channels to the images.
 */
export function narrowFold(build: GraphBuilder, value: string, { from, to }: FoldChange): string {
  if (from.fold === to.fold) return value;
  const { split, order } = foldAxes({ from, to });
  return reshape(build, transpose(build, reshape(build, value, split), order), blockedShape(to));
}

/** The inverse of {@link narrowFold}. */
export function widenFold(build: GraphBuilder, value: string, { from, to }: FoldChange): string {
  if (from.fold === to.fold) return value;
  const { split, order } = foldAxes({ from, to });
  const back = order.map((_, axis) => order.indexOf(axis));
  const turned = order.map((axis) => split[axis]);
  return reshape(build, transpose(build, reshape(build, value, turned), back), blockedShape(from));
}

interface FoldChange {
  readonly from: BlockedLayout;
  readonly to: BlockedLayout;
}

/** Axes of a value in the wider fold, and the order in which the narrower one has them. */
function foldAxes({ from, to }: FoldChange): { readonly split: number[]; readonly order: number[] } {
  const { block, padded, height, width } = from;
  const pixels = height * width;
  const n = imagesPerFold(from);
  const moved = from.fold / to.fold;
  // Whole blocks move.
  if (padded >= block) return { split: [moved, padded / block, pixels, n * block], order: [1, 2, 0, 3] };
  // A group is q = (index of its block, place in it) before; after, its high part stays a place in the block and its
  // low part counts images. All are powers of two, so the longer of the two numbers splits in two.
  if (to.fold >= moved) return { split: [moved, pixels, n, to.fold / moved, moved, padded], order: [1, 4, 2, 0, 3, 5] };
  return { split: [to.fold, moved / to.fold, pixels, n, to.fold, padded], order: [2, 1, 4, 3, 0, 5] };
}
