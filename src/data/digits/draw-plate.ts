import type { Random } from "../../core/random.js";
import { coverage, createDistanceField, drawSegmentsInto, type Placement, SIDE, segmentsOf } from "./distance-field.js";
import { between, chance, clippedNormal, pick } from "./draw-numbers.js";
import type { Stroke } from "./glyph-path.js";
import { addGrain, blur, type Colour, layOver, type Picture, shade } from "./picture.js";
import { drawBackgroundInto } from "./plate-background.js";
import { type Design, drawDesign } from "./plate-designs.js";

/** Width of a digit in heights, and the middle of its box. */
const WIDTH = 0.6;
const MIDDLE_X = 0.3;
const MIDDLE_Y = 0.5;

/**
 * Draws a digit as on a house number: one of many designs in colour on a wall or plate, often with cut-off
 * neighbours, seen askew, unevenly lit, blurred and grainy. Writes `[3, SIDE, SIDE]` bytes.
 */
export function drawPlateInto(out: Uint8Array, digit: number, random: Random): void {
  const picture: Picture = new Float32Array(3 * SIDE * SIDE);
  const design = drawDesign(random);
  const { ink, ground, contrast } = drawColours(random);
  drawBackgroundInto(picture, { colour: ground, strength: 0.45 * random.uniform() ** 2 * contrast, random });

  const field = drawRow(digit, { design, random });
  if (chance(random, 0.25)) {
    const shift = pick(random, [1, SIDE, SIDE + 1]);
    const depth = between(random, 0.3, 0.7);
    layOver(picture, scaled(ground, 0.4), (pixel) => (pixel < shift ? 0 : depth * coverage(field[pixel - shift])));
  }
  layOver(picture, ink, (pixel) => inked(field[pixel], design.outline));

  light(picture, random);
  blur(picture, between(random, 0.2, 1.3));
  addGrain(picture, between(random, 0, 8), random);
  for (let i = 0; i < out.length; i++) out[i] = Math.min(255, Math.max(0, Math.round(picture[i])));
}

/** Share of ink on a pixel; of an outline, only the rim of the stroke is inked. */
const inked = (distance: number, outline: number | undefined): number =>
  outline === undefined ? coverage(distance) : coverage(Math.abs(distance + outline / 2) - outline / 2);

/** The digit in the middle, and neighbours of the same make beside it, as one distance field. */
function drawRow(digit: number, { design, random }: { design: Design; random: Random }): Float32Array {
  const height = between(random, 17, 27);
  const slant = chance(random, 0.3) ? between(random, -0.1, 0.3) : 0;
  const rotation = clippedNormal(random, 0.07);
  const middle: Placement = {
    x: SIDE / 2 + clippedNormal(random, 1.3),
    y: SIDE / 2 + clippedNormal(random, 1.3),
    rotation,
    slant,
  };
  const field = createDistanceField();
  const draw = (shown: number, offset: number): void => {
    const x = middle.x + offset * Math.cos(rotation);
    const y = middle.y + offset * Math.sin(rotation);
    const strokes = pick(random, design.shapes[shown]);
    drawSegmentsInto(field, glyphSegments(strokes, design, height), {
      placement: { ...middle, x, y },
      nib: design.nib,
    });
  };
  draw(digit, 0);
  const step = height * (WIDTH * design.aspect + 2 * design.radius + between(random, 0.1, 0.35));
  for (const side of [-1, 1]) if (chance(random, 0.6)) draw(random.integer(10), side * step);
  return field;
}

function glyphSegments(strokes: readonly Stroke[], { aspect, radius, gap }: Design, height: number) {
  // The tip goes around the line: strokes keep inside the height.
  const inner = height * (1 - 2 * radius);
  const width = height * aspect * (1 - (2 * radius) / aspect);
  return segmentsOf(gap === 0 ? strokes : strokes.map((stroke) => shortened(stroke, gap)), {
    place: (x, y) => [width * (x - MIDDLE_X), inner * (y - MIDDLE_Y)],
    radius: () => height * radius,
    linePieces: 1,
  });
}

/** A straight stroke with a share of its length taken off at both ends. */
function shortened({ points, straight }: Stroke, gap: number): Stroke {
  const [x0, y0] = points;
  const [x1, y1] = points.slice(-2);
  const at = (t: number): number[] => [x0 + t * (x1 - x0), y0 + t * (y1 - y0)];
  return { points: [0, 1 / 3, 2 / 3, 1].flatMap((t) => at(gap + t * (1 - 2 * gap))), straight };
}

/** Shares of red, green and blue in brightness. */
const LUMA: Colour = [0.299, 0.587, 0.114];

/** Two colours that differ in brightness by 28 to 205 of 255, either one the lighter. */
function drawColours(random: Random): { ink: Colour; ground: Colour; contrast: number } {
  const contrast = between(random, 28, 205);
  const darker = 10 + (230 - contrast) * random.uniform() ** 1.5;
  const [ink, ground] = chance(random, 0.4) ? [darker, darker + contrast] : [darker + contrast, darker];
  return { ink: tinted(ink, random), ground: tinted(ground, random), contrast };
}

/** A colour of the given brightness. */
function tinted(brightness: number, random: Random): Colour {
  const strength = chance(random, 0.3) ? 0 : between(random, 0, 70);
  const raw = [0, 1, 2].map(() => strength * clippedNormal(random, 0.5));
  const excess = raw[0] * LUMA[0] + raw[1] * LUMA[1] + raw[2] * LUMA[2];
  return [brightness + raw[0] - excess, brightness + raw[1] - excess, brightness + raw[2] - excess];
}

const scaled = ([red, green, blue]: Colour, factor: number): Colour => [factor * red, factor * green, factor * blue];

/** Uneven light: a slope over the picture, sometimes the edge of a shadow. */
function light(picture: Picture, random: Random): void {
  const [slopeX, slopeY] = [clippedNormal(random, 0.1), clippedNormal(random, 0.1)];
  const shadow = chance(random, 0.2) ? between(random, 0.55, 0.9) : 1;
  const angle = between(random, 0, 2 * Math.PI);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const edge = between(random, -8, 8);
  shade(picture, (x, y) => {
    const [u, v] = [x - SIDE / 2, y - SIDE / 2];
    const inShadow = Math.min(1, Math.max(0, (u * cos + v * sin - edge) / 2));
    return (1 + (slopeX * u + slopeY * v) / (SIDE / 2)) * (1 - (1 - shadow) * inShadow);
  });
}
