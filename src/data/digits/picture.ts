import type { Random } from "../../core/random.js";
import { SIDE } from "./distance-field.js";

/** Red, green, blue; 0 to 255, and beyond while a picture is being made. */
export type Colour = readonly [number, number, number];

/** Three planes of `[SIDE, SIDE]`: `[3, SIDE, SIDE]`. */
export type Picture = Float32Array;

const PIXELS = SIDE * SIDE;

/** Lays a colour over the picture, as strongly as `amount` says for each pixel: 0 to 1. */
export function layOver(picture: Picture, colour: Colour, amount: (pixel: number) => number): void {
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    const alpha = amount(pixel);
    if (alpha <= 0) continue;
    for (let channel = 0; channel < 3; channel++) {
      const at = channel * PIXELS + pixel;
      picture[at] += alpha * (colour[channel] - picture[at]);
    }
  }
}

/** Multiplies the brightness of each pixel. */
export function shade(picture: Picture, light: (x: number, y: number) => number): void {
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const factor = light(x, y);
      for (let at = y * SIDE + x; at < 3 * PIXELS; at += PIXELS) picture[at] *= factor;
    }
  }
}

/** Blurs with a bell of the given deviation in pixels; edges are drawn out. */
export function blur(picture: Picture, deviation: number): void {
  const reach = Math.ceil(2 * deviation);
  if (reach < 1) return;
  const weights = Float64Array.from({ length: reach + 1 }, (_, i) => Math.exp(-(i ** 2) / (2 * deviation ** 2)));
  const sum = weights.reduce((total, weight) => total + 2 * weight, -weights[0]);
  for (let plane = 0; plane < 3 * PIXELS; plane += PIXELS) {
    for (const [line, step] of [
      [1, SIDE],
      [SIDE, 1],
    ])
      blurLines(picture, { plane, line, step, weights, sum });
  }
}

/** Blurs every line of a plane: `line` leads from one pixel of a line to the next, `step` from one line to the next. */
function blurLines(
  picture: Picture,
  {
    plane,
    line,
    step,
    weights,
    sum,
  }: { plane: number; line: number; step: number; weights: Float64Array; sum: number },
): void {
  const reach = weights.length - 1;
  const padded = new Float64Array(SIDE + 2 * reach);
  for (let start = plane; start < plane + SIDE * step; start += step) {
    padded.fill(picture[start], 0, reach);
    for (let i = 0; i < SIDE; i++) padded[reach + i] = picture[start + i * line];
    padded.fill(picture[start + (SIDE - 1) * line], reach + SIDE);
    for (let i = 0; i < SIDE; i++) {
      let value = weights[0] * padded[reach + i];
      for (let k = 1; k <= reach; k++) value += weights[k] * (padded[reach + i - k] + padded[reach + i + k]);
      picture[start + i * line] = value / sum;
    }
  }
}

/** Deviation of the sum of four bytes, two of them taken away. */
const FOUR_BYTES = 256 / Math.sqrt(3);

/** Adds grain of the given deviation, nearly normal: the same in all colours. */
export function addGrain(picture: Picture, deviation: number, random: Random): void {
  const scale = deviation / FOUR_BYTES;
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    const word = random.word();
    const grain = scale * ((word & 255) + ((word >>> 8) & 255) - ((word >>> 16) & 255) - (word >>> 24));
    for (let at = pixel; at < 3 * PIXELS; at += PIXELS) picture[at] += grain;
  }
}
