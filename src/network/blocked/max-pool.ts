import type { GraphBuilder } from "../graph-builder.js";
import { type BlockedLayout, blockedShape, imagesPerFold, wideChannels } from "./layout.js";
import { reshape } from "./nchwc.js";

/** The four values of each window and the winners of its rows: a b above, c d below. */
export interface MaxPoolForward {
  /** In the layout `out`. */
  readonly y: string;
  readonly a: string;
  readonly b: string;
  readonly c: string;
  readonly d: string;
  readonly top: string;
  readonly bottom: string;
}

/** Rows of windows, and numbers per pixel column that lie together. */
function grid({ block, height, width, ...rest }: BlockedLayout) {
  const layout = { block, height, width, ...rest };
  const rows = (wideChannels(layout) / block) * (height / 2);
  return { rows, columns: width / 2, run: imagesPerFold(layout) * block };
}

/** The largest of each 2×2 window, as a tournament: rows first, then their winners. */
export function maxPoolForward(
  build: GraphBuilder,
  x: string,
  { from, out, relu }: { readonly from: BlockedLayout; readonly out: BlockedLayout; readonly relu: boolean },
): MaxPoolForward {
  const { rows, columns, run } = grid(from);
  const windows = reshape(build, x, [rows, 2, columns, 2, run]);
  const corner = (down: number, right: number): string =>
    build.node("Slice", [windows, build.ints(down, right), build.ints(down + 1, right + 1), build.ints(1, 3)]);
  const [a, b, c, d] = [corner(0, 0), corner(0, 1), corner(1, 0), corner(1, 1)];
  const top = build.node("Max", [a, b]);
  const bottom = build.node("Max", [c, d]);
  let best = build.node("Max", [top, bottom]);
  // A ReLU before the pool gives the same numbers and the same gradients: where it matters which place won, all
  // that tie are above 0.
  if (relu) best = build.node("Relu", [best]);
  return { y: reshape(build, best, blockedShape(out)), a, b, c, d, top, bottom };
}

/**
 * The gradient of each window goes to its largest value, of equal ones to the first row by row, as PyTorch has it:
 * the upper row takes it unless the lower one is larger, the left place unless the right one is.
 */
export function maxPoolBackward(
  build: GraphBuilder,
  {
    gradient,
    forward,
    from,
  }: { readonly gradient: string; readonly forward: MaxPoolForward; readonly from: BlockedLayout },
): string {
  const { rows, columns, run } = grid(from);
  const { a, b, c, d, top, bottom } = forward;
  const share = (whole: string, first: string, second: string): [string, string] => {
    const wins = build.node("Cast", [build.node("GreaterOrEqual", [first, second])], { to: { int: ONNX_FLOAT } });
    const taken = build.node("Mul", [whole, wins]);
    return [taken, build.node("Sub", [whole, taken])];
  };
  const [upper, lower] = share(reshape(build, gradient, [rows, 1, columns, 1, run]), top, bottom);
  const upperRow = build.node("Concat", share(upper, a, b), { axis: { int: 3 } });
  const lowerRow = build.node("Concat", share(lower, c, d), { axis: { int: 3 } });
  return reshape(build, build.node("Concat", [upperRow, lowerRow], { axis: { int: 1 } }), blockedShape(from));
}

/** ONNX's number for f32. */
const ONNX_FLOAT = 1;
