import { createTensor } from "../../tensor/tensor.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { StateLayout } from "../state-layout.js";
import { type BlockedLayout, wideChannels } from "./layout.js";
import { nchwc, reshape, transpose } from "./nchwc.js";

/** A convolution of stride 1 between two layouts; `out` has the fold of `from`. */
export interface BlockedConv {
  readonly from: BlockedLayout;
  readonly out: BlockedLayout;
  /** [height, width] */
  readonly kernel: readonly [number, number];
  /** On both sides, [vertical, horizontal]; less than the kernel. */
  readonly padding: readonly [number, number];
}

const places = ({ kernel }: BlockedConv): number => kernel[0] * kernel[1];
/** Whether the input's channels fill blocks of their own. */
const isFull = ({ from }: BlockedConv): boolean => !from.thin && from.fold === 1;

/**
 * How a weight [o, i, kh, kw] is kept while it is trained: [i, o/b, kh·kw, b] where channels fill blocks, which is what
 * the convolution that computes its gradient gives; else [i, o, kh·kw].
 */
export function convWeightLayout(conv: BlockedConv): StateLayout {
  const { from, out } = conv;
  const { block } = from;
  const count = places(conv);
  const full = isFull(conv);
  return {
    id: `conv ${full ? block : 0} ${from.channels}/${from.padded} ${out.channels}/${out.padded} ${count}`,
    shape: full ? [from.padded, out.padded / block, count * block] : [from.padded, out.padded, count],
    order: () => {
      const order = new Int32Array(from.padded * out.padded * count).fill(-1);
      for (let o = 0; o < out.channels; o++) {
        const high = Math.floor(o / block);
        for (let i = 0; i < from.channels; i++) {
          for (let k = 0; k < count; k++) {
            const stored = full
              ? ((i * (out.padded / block) + high) * count + k) * block + (o % block)
              : (i * out.padded + o) * count + k;
            order[stored] = (o * from.channels + i) * count + k;
          }
        }
      }
      return order;
    },
  };
}

/** The weight as the filter of the forward convolution, [o/b, i/b, kh, kw, b in, b out]. */
export function forwardFilter(build: GraphBuilder, weight: string, conv: BlockedConv): string {
  const { from, out, kernel } = conv;
  const { block } = from;
  const shape = [wideChannels(out), wideChannels(from), ...kernel];
  if (isFull(conv)) {
    const split = [from.padded / block, block, out.padded / block, places(conv), block];
    return reshape(build, transpose(build, reshape(build, weight, split), [2, 0, 3, 1, 4]), shape);
  }
  // The kernel for plain images wants [o/b, i, kh, kw, b out].
  return reshape(
    build,
    transpose(build, diagonal(build, weight, conv), from.thin ? [1, 0, 3, 2] : [1, 3, 0, 2]),
    shape,
  );
}

/**
 * The weight as the filter of the convolution that takes the output's gradient to the input's: inputs and outputs in
 * each other's place, the kernel turned by half a turn.
 */
export function backwardFilter(build: GraphBuilder, weight: string, conv: BlockedConv): string {
  const { from, out, kernel } = conv;
  const { block } = from;
  const count = places(conv);
  let filter: string;
  if (isFull(conv)) {
    // Told that each input channel is a channel of one image, the runtime blocks them, and leaves the rest in order.
    const blocked = nchwc(build, "ReorderInput", [reshape(build, weight, [1, from.padded, out.padded, count])]);
    filter = reshape(build, blocked, [from.padded / block, out.padded / block, count, block * block]);
  } else {
    const turned = transpose(build, diagonal(build, weight, conv), [1, 3, 2, 0]);
    filter = reshape(build, turned, [1, wideChannels(out) / block, count, block * block]);
  }
  if (count > 1) {
    const backwards = build.ints(...Array.from({ length: count }, (_, k) => count - 1 - k));
    filter = build.node("Gather", [filter, backwards], { axis: { int: 2 } });
  }
  return reshape(build, filter, [wideChannels(from), wideChannels(out), ...kernel]);
}

/** What the gradient's convolution gives, [i, o/b, kh·kw, b], in the stored form. */
export function storedGradient(build: GraphBuilder, gradient: string, conv: BlockedConv): string {
  const { from, out } = conv;
  const { block, fold } = from;
  const count = places(conv);
  if (isFull(conv)) return reshape(build, gradient, convWeightLayout(conv).shape);
  const split = [wideChannels(from), wideChannels(out) / block, count, block];
  const turned = transpose(build, reshape(build, gradient, split), [0, 1, 3, 2]);
  if (fold === 1) return reshape(build, turned, [from.padded, out.padded, count]);
  // Images of one group with the gradients of another have no meaning; those of the same group add up.
  const pairs = reshape(build, turned, [fold, from.padded, fold, out.padded, count]);
  const groups = Array.from({ length: fold }, (_, q) => {
    const piece = build.node("Slice", [pairs, build.ints(q, q), build.ints(q + 1, q + 1), build.ints(0, 2)]);
    return reshape(build, piece, [from.padded, out.padded, count]);
  });
  return groups.reduce((sum, group) => build.node("Add", [sum, group]));
}

/** A weight [i, o, k] for every group of images, zero between groups: [fold·i, fold·o/b, b, k]. */
function diagonal(build: GraphBuilder, weight: string, conv: BlockedConv): string {
  const { from, out } = conv;
  const { block, fold } = from;
  let whole = weight;
  if (fold > 1) {
    const shape = [from.padded, out.padded, places(conv)];
    const zero = build.constant(createTensor("f32", shape, new Float32Array(shape[0] * shape[1] * shape[2])));
    const rows = Array.from({ length: fold }, (_, row) => {
      const cells = Array.from({ length: fold }, (_, column) => (row === column ? weight : zero));
      return build.node("Concat", cells, { axis: { int: 1 } });
    });
    whole = build.node("Concat", rows, { axis: { int: 0 } });
  }
  return reshape(build, whole, [wideChannels(from), wideChannels(out) / block, block, places(conv)]);
}
