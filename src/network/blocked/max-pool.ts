import type { GraphBuilder } from "../graph-builder.js";
import { type BlockedLayout, blockedShape, storedChannels } from "../layout.js";

/** ONNX's number for f32. */
const FLOAT = 1;

/** A 2×2 max pool with ReLU over a blocked value, and the way back. */
export interface BlockedPool {
  /** Blocked, half as high and wide. */
  readonly output: string;
  /** Spreads a gradient over the pooled value's places: all of it to the first of equal ones, as PyTorch does. */
  readonly spread: (gradient: string) => string;
}

/**
 * Pools as a tournament between the four slices of even and odd rows and columns; ReLU after it sees a quarter of the
 * elements.
 *
 * @param layout of `x`; height and width are even
 */
export function emitMaxPool(build: GraphBuilder, x: string, layout: BlockedLayout): BlockedPool {
  const { block, height, width, images, fold } = layout;
  const [blocks, half] = [storedChannels(layout) / block, width / 2];
  const row = (images / fold) * block;
  const rows = (blocks * height) / 2;
  const grid = build.node("Reshape", [x, build.ints(rows, 2, half, 2, row)]);
  const slice = (down: number, right: number): string =>
    build.node("Slice", [grid, build.ints(down, right), build.ints(down + 1, right + 1), build.ints(1, 3)]);
  const [a, b, c, d] = [slice(0, 0), slice(0, 1), slice(1, 0), slice(1, 1)];
  const top = build.node("Max", [a, b]);
  const bottom = build.node("Max", [c, d]);
  const largest = build.node("Relu", [build.node("Max", [top, bottom])]);
  const pooled = build.ints(...blockedShape({ ...layout, height: height / 2, width: half }));
  return {
    output: build.node("Reshape", [largest, pooled]),
    spread(gradient) {
      const whole = build.node("Reshape", [gradient, build.ints(rows, 1, half, 1, row)]);
      /** Shares a gradient between two places: all to the first unless the second is larger. */
      const share = (own: string, first: string, second: string): [string, string] => {
        const wins = build.node("Cast", [build.node("GreaterOrEqual", [first, second])], { to: { int: FLOAT } });
        const left = build.node("Mul", [own, wins]);
        return [left, build.node("Sub", [own, left])];
      };
      const [above, below] = share(whole, top, bottom);
      const join = (parts: readonly string[], axis: number): string =>
        build.node("Concat", parts, { axis: { int: axis } });
      const joined = join([join(share(above, a, b), 3), join(share(below, c, d), 3)], 1);
      return build.node("Reshape", [joined, build.ints(...blockedShape(layout))]);
    },
  };
}
