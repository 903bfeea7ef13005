import { type Shape, sameShape } from "../tensor/shape.js";
import type { GraphBuilder } from "./graph-builder.js";

/**
 * How a value lies in memory while a graph runs. `plain` is the network's own: row by row, [n, c, h, w].
 *
 * A blocked value is [c/block, h, w, n, block]: channels in blocks innermost, images next to them. The runtime's
 * blocked operators take it as one image of width w·n. Where there are fewer channels than a block holds, `fold`
 * groups of images fill it: [1, h, w, n/fold, fold, c].
 */
export type Layout = "plain" | BlockedLayout;

export interface BlockedLayout {
  /** Channels in a block: 16 with AVX-512, 8 with AVX2. */
  readonly block: number;
  readonly images: number;
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  /** Groups of images that share a block. */
  readonly fold: number;
}

/** Channels as the runtime sees them: those of all folded images, filled up to whole blocks. */
export const storedChannels = ({ block, channels, fold }: BlockedLayout): number =>
  Math.ceil((fold * channels) / block) * block;

/** The shape that the runtime's blocked operators are told. */
export function blockedShape(layout: BlockedLayout): Shape {
  const { height, width, images, fold } = layout;
  return [1, storedChannels(layout), height, (width * images) / fold];
}

export const sameLayout = (a: Layout, b: Layout): boolean =>
  a === "plain" || b === "plain"
    ? a === b
    : a.channels === b.channels && a.height === b.height && a.width === b.width && a.fold === b.fold;

/**
 * Adds nodes that turn a value from one layout into another. Slow for large values: units that follow one another
 * agree on a layout instead.
 *
 * @param shape the value's own, [n, c, h, w] or flattened
 */
export function convertLayout(
  build: GraphBuilder,
  value: string,
  { from, to, shape }: { readonly from: Layout; readonly to: Layout; readonly shape: Shape },
): string {
  if (sameLayout(from, to)) return value;
  const plain = from === "plain" ? value : toPlain(build, value, { layout: from, shape });
  return to === "plain" ? plain : toBlocked(build, plain, to);
}

function toPlain(
  build: GraphBuilder,
  value: string,
  { layout, shape }: { readonly layout: BlockedLayout; readonly shape: Shape },
): string {
  const { block, channels, height, width, images, fold } = layout;
  const stored = storedChannels(layout);
  if (fold > 1) {
    const split = build.node("Reshape", [value, build.ints(height, width, images / fold, fold, channels)]);
    const turned = build.node("Transpose", [split], { perm: { ints: [3, 2, 4, 0, 1] } });
    return build.node("Reshape", [turned, build.ints(...shape)]);
  }
  const split = build.node("Reshape", [value, build.ints(stored / block, height, width, images, block)]);
  const turned = build.node("Transpose", [split], { perm: { ints: [3, 0, 4, 1, 2] } });
  if (stored === channels) return build.node("Reshape", [turned, build.ints(...shape)]);
  const filled = build.node("Reshape", [turned, build.ints(images, stored, height, width)]);
  const cut = build.node("Slice", [filled, build.ints(0), build.ints(channels), build.ints(1)]);
  return sameShape(shape, [images, channels, height, width]) ? cut : build.node("Reshape", [cut, build.ints(...shape)]);
}

function toBlocked(build: GraphBuilder, value: string, layout: BlockedLayout): string {
  const { block, channels, height, width, images, fold } = layout;
  const stored = storedChannels(layout);
  const shape = build.ints(...blockedShape(layout));
  if (fold > 1) {
    const split = build.node("Reshape", [value, build.ints(fold, images / fold, channels, height, width)]);
    const turned = build.node("Transpose", [split], { perm: { ints: [3, 4, 1, 0, 2] } });
    return build.node("Reshape", [turned, shape]);
  }
  let filled = build.node("Reshape", [value, build.ints(images, channels, height, width)]);
  if (stored > channels) filled = build.node("Pad", [filled, build.ints(0, 0, 0, 0, 0, stored - channels, 0, 0)]);
  const split = build.node("Reshape", [filled, build.ints(images, stored / block, block, height, width)]);
  const turned = build.node("Transpose", [split], { perm: { ints: [1, 3, 4, 0, 2] } });
  return build.node("Reshape", [turned, shape]);
}
