import { createTensor } from "../../tensor/tensor.js";
import type { GraphBuilder } from "../graph-builder.js";
import type { StateLayout } from "../state-layout.js";
import { blocked } from "./blocked-operators.js";

/** A 3×3 convolution between blocked values. */
export interface ConvGeometry {
  readonly block: number;
  readonly from: number;
  readonly to: number;
  /** Groups of images that share a block of input channels. */
  readonly fold: number;
  /** Whether the input is the image itself: fewer channels than a block, not blocked. */
  readonly first: boolean;
}

const TAPS = 9;

/** Whether the weight is too narrow to be stored by blocks of both channels. */
const isNarrow = ({ first, fold }: ConvGeometry): boolean => first || fold > 1;

/**
 * How the weight is stored: as the convolution that computes its gradient writes it, [in, out/block, 9, block], or
 * [in, out, 9] when narrow.
 */
export function convWeightLayout(geometry: ConvGeometry): StateLayout {
  const { block, from, to } = geometry;
  const order = new Int32Array(from * to * TAPS);
  for (let o = 0; o < to; o++) {
    for (let i = 0; i < from; i++) {
      for (let tap = 0; tap < TAPS; tap++) {
        const place = isNarrow(geometry)
          ? (i * to + o) * TAPS + tap
          : ((i * (to / block) + Math.floor(o / block)) * TAPS + tap) * block + (o % block);
        order[place] = (o * from + i) * TAPS + tap;
      }
    }
  }
  return { shape: [from, to, 3, 3], order };
}

/** Filters of the forward convolution and, unless the input is the image, of the one that carries gradients back. */
export function convFilters(
  build: GraphBuilder,
  weight: string,
  geometry: ConvGeometry,
): { readonly forward: string; readonly backward: () => string } {
  const { block, from, to, fold, first } = geometry;
  const [stored, made] = [fold * from, fold * to];
  const flipped = (value: string, axis: number): string =>
    build.node("Gather", [value, build.ints(8, 7, 6, 5, 4, 3, 2, 1, 0)], { axis: { int: axis } });
  const arranged = (value: string, shape: readonly number[], perm: readonly number[]): string =>
    build.node("Transpose", [build.node("Reshape", [value, build.ints(...shape)])], { perm: { ints: perm } });
  if (!isNarrow(geometry)) {
    const forward = arranged(weight, [from / block, block, to / block, TAPS, block], [2, 0, 3, 1, 4]);
    return {
      forward: build.node("Reshape", [forward, build.ints(to, from, 3, 3)]),
      backward() {
        const turned = blocked(build, "ReorderInput", [build.node("Reshape", [weight, build.ints(1, from, to, TAPS)])]);
        const shape = build.ints(from / block, to / block, TAPS, block * block);
        return build.node("Reshape", [flipped(build.node("Reshape", [turned, shape]), 2), build.ints(from, to, 3, 3)]);
      },
    };
  }
  const wide = fold === 1 ? weight : blockDiagonal(build, weight, geometry);
  const split = [stored, made / block, block, TAPS];
  const shape = build.ints(made, stored, 3, 3);
  return {
    forward: build.node("Reshape", [arranged(wide, split, first ? [1, 0, 3, 2] : [1, 3, 0, 2]), shape]),
    backward: () =>
      build.node("Reshape", [flipped(arranged(wide, split, [1, 3, 2, 0]), 1), build.ints(stored, made, 3, 3)]),
  };
}

/** The weight once for each group of folded images: [fold·in, fold·out, 3, 3], zero between groups. */
function blockDiagonal(build: GraphBuilder, weight: string, { from, to, fold }: ConvGeometry): string {
  const count = from * to * TAPS;
  const zeros = build.constant(createTensor("f32", [from, to, 3, 3], new Array<number>(count).fill(0)));
  const rows = Array.from({ length: fold }, (_, row) => {
    const columns = Array.from({ length: fold }, (_, column) => (row === column ? weight : zeros));
    return build.node("Concat", columns, { axis: { int: 1 } });
  });
  return build.node("Concat", rows, { axis: { int: 0 } });
}

/** Brings the weight's gradient from how its convolution writes it, [fold·in, fold·out/block, 9, block], to storage. */
export function storedConvGradient(build: GraphBuilder, gradient: string, geometry: ConvGeometry): string {
  if (!isNarrow(geometry)) return gradient;
  const { block, from, to, fold } = geometry;
  const split = build.node("Reshape", [gradient, build.ints(fold * from, (fold * to) / block, TAPS, block)]);
  const turned = build.node("Transpose", [split], { perm: { ints: [0, 1, 3, 2] } });
  const grid = build.node("Reshape", [turned, build.ints(fold, from, fold, to, TAPS)]);
  const shape = build.ints(from, to, 3, 3);
  const diagonal = Array.from({ length: fold }, (_, group) => {
    const own = [grid, build.ints(group, group), build.ints(group + 1, group + 1), build.ints(0, 2)];
    return build.node("Reshape", [build.node("Slice", own), shape]);
  });
  return diagonal.reduce((sum, part) => build.node("Add", [sum, part]));
}
