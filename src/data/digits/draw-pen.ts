import type { Random } from "../../core/random.js";
import { coverage, createDistanceField, drawSegmentsInto, SIDE, segmentsOf } from "./distance-field.js";
import { between, clippedNormal } from "./draw-numbers.js";
import { penGlyphs } from "./pen-glyphs.js";

const ROUND = { stretch: 1, square: false } as const;
const MIDDLE_X = 0.3;
const MIDDLE_Y = 0.5;

/**
 * Draws a handwritten digit, light on black: one of several ways to write it, with random size, proportions, slant,
 * width of the pen, pressure and unsteadiness. Writes `[SIDE, SIDE]` bytes.
 */
export function drawPenInto(out: Uint8Array, digit: number, random: Random): void {
  const variants = penGlyphs[digit];
  const strokes = variants[random.integer(variants.length)];
  const height = between(random, 16, 24);
  const width = height * between(random, 0.7, 1.4);
  const warp = unsteadyHand(random);
  const shake = between(random, 0, 0.03);
  const taper = between(random, -0.25, 0.25);
  const segments = segmentsOf(strokes, {
    place: (x, y) => {
      const [u, v] = warp(x, y);
      const across = (u - MIDDLE_X) * (1 + taper * (v - MIDDLE_Y));
      return [width * (across + shake * random.normal()), height * (v - MIDDLE_Y + shake * random.normal())];
    },
    radius: pressure(random),
    linePieces: 3,
  });
  const field = createDistanceField();
  const placement = {
    x: SIDE / 2 + clippedNormal(random, 1.2),
    y: SIDE / 2 + clippedNormal(random, 1.2),
    rotation: 0.11 * clippedNormal(random, 1),
    slant: 0.1 + 0.22 * clippedNormal(random, 1),
  };
  drawSegmentsInto(field, segments, { placement, nib: ROUND });
  const ink = between(random, 200, 255);
  const softness = between(random, 0.7, 1.6);
  for (let pixel = 0; pixel < field.length; pixel++) out[pixel] = Math.round(ink * coverage(field[pixel] / softness));
}

/** Radius of the line along the way: a width of its own, swelling and thinning a little. */
function pressure(random: Random): (share: number) => number {
  const radius = between(random, 0.8, 1.9);
  const swell = between(random, 0, 0.2);
  const phase = between(random, 0, 2 * Math.PI);
  const turns = between(random, 2, 7);
  return (share) => radius * (1 + swell * Math.sin(phase + turns * share));
}

/** Moves points a little, near ones alike, so that curves change their shape and stay smooth. */
function unsteadyHand(random: Random): (x: number, y: number) => readonly [number, number] {
  const amount = between(random, 0.01, 0.075);
  const waves = Array.from({ length: 4 }, () => ({
    phase: between(random, 0, 2 * Math.PI),
    paceX: between(random, -7, 7),
    paceY: between(random, -7, 7),
  }));
  const wave = (i: number, x: number, y: number): number =>
    Math.sin(waves[i].phase + waves[i].paceX * x + waves[i].paceY * y);
  return (x, y) => [x + amount * (wave(0, x, y) + wave(1, x, y)), y + amount * (wave(2, x, y) + wave(3, x, y))];
}
