import type { Shape } from "../tensor/shape.js";
import { type BlockedLayout, blockedShape, enterImages, enterRows, leaveImages, leaveRows } from "./blocked/layout.js";
import type { GraphBuilder } from "./graph-builder.js";

/** How a value lies in memory while a graph runs. `plain` is the network's own: row by row, [n, c, h, w]. */
export type Layout = "plain" | BlockedLayout;

export const sameLayout = (a: Layout, b: Layout): boolean =>
  a === "plain" || b === "plain"
    ? a === b
    : a.thin === b.thin && a.fold === b.fold && String(blockedShape(a)) === String(blockedShape(b));

const isRows = ({ height, width, fold, thin }: BlockedLayout): boolean =>
  height === 1 && width === 1 && fold === 1 && !thin;

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
  const reshaped = (it: string, wanted: Shape): string => build.node("Reshape", [it, build.ints(...wanted)]);
  let plain = value;
  if (from !== "plain") {
    plain = isRows(from) ? leaveRows(build, value, from) : leaveImages(build, value, from);
    if (shape.length !== (isRows(from) ? 2 : 4)) plain = reshaped(plain, shape);
  }
  if (to === "plain") return plain;
  if (isRows(to)) return enterRows(build, shape.length === 2 ? plain : reshaped(plain, [to.images, to.channels]), to);
  const whole = [to.images, to.channels, to.height, to.width];
  return enterImages(build, shape.length === 4 ? plain : reshaped(plain, whole), to);
}
