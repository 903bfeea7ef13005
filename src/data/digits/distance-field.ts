import type { Stroke } from "./glyph-path.js";

/** Side of every picture in pixels. */
export const SIDE = 32;

/** Where and how a glyph lies: from its own frame, in pixels, to the picture. */
export interface Placement {
  /** Where the middle of the glyph's frame comes to lie. */
  readonly x: number;
  readonly y: number;
  /** Radians, clockwise. */
  readonly rotation: number;
  /** How far the top leans right for each pixel of height. */
  readonly slant: number;
}

/** The shape of the tip that follows the strokes. */
export interface Nib {
  /** How much wider than high the tip is; 1 is a circle. */
  readonly stretch: number;
  readonly square: boolean;
}

/** A piece of a stroke in the glyph's frame; the radius of the tip may change along it. */
export interface Segment {
  readonly x0: number;
  readonly y0: number;
  readonly x1: number;
  readonly y1: number;
  readonly radius0: number;
  readonly radius1: number;
}

/** Pixels around a stroke for which its distance is worked out: enough for soft edges and outlines. */
const MARGIN = 2;

/** Farther than any stroke. */
const FAR = 1e3;

/** How far each pixel's middle lies outside the strokes; negative inside. `[SIDE, SIDE]` */
export const createDistanceField = (): Float32Array => new Float32Array(SIDE * SIDE).fill(FAR);

/** Lowers `field` to the distance of the segments, where it is nearer. */
export function drawSegmentsInto(
  field: Float32Array,
  segments: readonly Segment[],
  { placement, nib }: { placement: Placement; nib: Nib },
): void {
  const { x, y, rotation, slant } = placement;
  const cos = Math.cos(rotation);
  const sin = Math.sin(rotation);
  // Glyph (u, v) to picture: lean, turn, move. The determinant is 1.
  const [a, b, c, d] = [cos, sin, -slant * cos - sin, -slant * sin + cos];
  const stretch = 1 / nib.stretch;
  for (const { x0, y0, x1, y1, radius0, radius1 } of segments) {
    const reach = (Math.max(radius0, radius1) + MARGIN) * Math.max(1, nib.stretch) * (1 + Math.abs(slant));
    const [px0, py0, px1, py1] = [a * x0 + c * y0 + x, b * x0 + d * y0 + y, a * x1 + c * y1 + x, b * x1 + d * y1 + y];
    const left = Math.max(0, Math.floor(Math.min(px0, px1) - reach));
    const right = Math.min(SIDE - 1, Math.ceil(Math.max(px0, px1) + reach));
    const top = Math.max(0, Math.floor(Math.min(py0, py1) - reach));
    const bottom = Math.min(SIDE - 1, Math.ceil(Math.max(py0, py1) + reach));
    const alongX = (x1 - x0) * stretch;
    const alongY = y1 - y0;
    const perLength = 1 / Math.max(1e-9, alongX * alongX + alongY * alongY);
    for (let row = top; row <= bottom; row++) {
      for (let column = left; column <= right; column++) {
        const dx = column + 0.5 - x;
        const dy = row + 0.5 - y;
        const u = (d * dx - c * dy - x0) * stretch;
        const v = a * dy - b * dx - y0;
        const t = Math.min(1, Math.max(0, (u * alongX + v * alongY) * perLength));
        const offX = Math.abs(u - t * alongX);
        const offY = Math.abs(v - t * alongY);
        const off = nib.square ? Math.max(offX, offY) : Math.sqrt(offX * offX + offY * offY);
        const distance = off - radius0 - t * (radius1 - radius0);
        const pixel = row * SIDE + column;
        if (distance < field[pixel]) field[pixel] = distance;
      }
    }
  }
}

/** Share of a pixel that is covered, from how far its middle lies outside; edges are one pixel soft. */
export const coverage = (distance: number): number => Math.min(1, Math.max(0, 0.5 - distance));

/** Pieces into which a curve is cut. */
const CURVE_PIECES = 7;

/**
 * Cuts strokes into segments.
 *
 * @param place puts a point of the glyph into its frame, in pixels; called once for each point
 * @param radius of the tip at a share of the whole length, in pixels
 * @param linePieces into which a line is cut: 1 where `place` keeps lines straight
 */
export function segmentsOf(
  strokes: readonly Stroke[],
  {
    place,
    radius,
    linePieces,
  }: {
    place: (x: number, y: number) => readonly [number, number];
    radius: (share: number) => number;
    linePieces: number;
  },
): Segment[] {
  const segments: Segment[] = [];
  const curves = strokes.reduce((sum, { straight }) => sum + straight.length, 0);
  let done = 0;
  for (const { points, straight } of strokes) {
    let [x0, y0] = place(points[0], points[1]);
    straight.forEach((isLine, curve) => {
      const pieces = isLine ? linePieces : CURVE_PIECES;
      const at = 2 + 6 * curve;
      const [ax, ay] = [x0, y0];
      const [bx, by] = place(points[at], points[at + 1]);
      const [cx, cy] = place(points[at + 2], points[at + 3]);
      const [dx, dy] = place(points[at + 4], points[at + 5]);
      let radius0 = radius(done / curves);
      for (let piece = 1; piece <= pieces; piece++) {
        const t = piece / pieces;
        const s = 1 - t;
        const [wa, wb, wc, wd] = [s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t];
        const x1 = wa * ax + wb * bx + wc * cx + wd * dx;
        const y1 = wa * ay + wb * by + wc * cy + wd * dy;
        const radius1 = radius((done + t) / curves);
        segments.push({ x0, y0, x1, y1, radius0, radius1 });
        [x0, y0, radius0] = [x1, y1, radius1];
      }
      done++;
    });
  }
  return segments;
}
