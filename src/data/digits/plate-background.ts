import type { Random } from "../../core/random.js";
import { SIDE } from "./distance-field.js";
import { between, chance, pick } from "./draw-numbers.js";
import type { Colour, Picture } from "./picture.js";

/** How strong a texture is at a pixel: about −1 to 1. */
type Texture = (x: number, y: number) => number;

const plain = (): Texture => () => 0;

function gradient(random: Random): Texture {
  const angle = between(random, 0, 2 * Math.PI);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  return (x, y) => ((x - SIDE / 2) * cos + (y - SIDE / 2) * sin) / (SIDE / 2);
}

/** Random values on a coarse grid, blended between: stains, stucco, leaves. */
function clouds(random: Random): Texture {
  const cells = pick(random, [3, 5, 8, 12]);
  const grid = Float32Array.from({ length: (cells + 1) ** 2 }, () => between(random, -1, 1));
  return (x, y) => {
    const column = (x * cells) / SIDE;
    const row = (y * cells) / SIDE;
    const at = Math.floor(row) * (cells + 1) + Math.floor(column);
    const [right, down] = [smooth(column % 1), smooth(row % 1)];
    const upper = grid[at] + right * (grid[at + 1] - grid[at]);
    const lower = grid[at + cells + 1] + right * (grid[at + cells + 2] - grid[at + cells + 1]);
    return upper + down * (lower - upper);
  };
}

const smooth = (t: number): number => t * t * (3 - 2 * t);

/** Stones in rows, each a little lighter or darker, with lines of mortar between. */
function bricks(random: Random): Texture {
  const height = between(random, 6, 12);
  const width = height * between(random, 1.5, 2.6);
  const [left, top] = [between(random, 0, width), between(random, 0, height)];
  const mortar = between(random, 0.8, 1.6);
  const line = pick(random, [-1, 1]);
  const tones = Float32Array.from({ length: 64 }, () => between(random, -0.5, 0.5));
  return (x, y) => {
    const row = Math.floor((y + top) / height);
    const along = x + left + (row % 2 === 0 ? 0 : width / 2);
    if ((y + top) % height < mortar || along % width < mortar) return line;
    return tones[(row * 7 + Math.floor(along / width) * 3) % 64];
  };
}

/** Boards or bars: waves across one direction. */
function stripes(random: Random): Texture {
  const angle = pick(random, [0, Math.PI / 2, between(random, 0, Math.PI)]);
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const pace = (2 * Math.PI) / between(random, 4, 16);
  const phase = between(random, 0, 2 * Math.PI);
  const edge = between(random, 1, 4);
  return (x, y) => Math.max(-1, Math.min(1, edge * Math.sin(phase + pace * (x * cos + y * sin))));
}

/** A plate that ends inside the picture. */
function frame(random: Random): Texture {
  const [left, right] = [between(random, -8, 5), SIDE - between(random, -8, 5)];
  const [top, bottom] = [between(random, -4, 5), SIDE - between(random, -4, 5)];
  return (x, y) => (x > left && x < right && y > top && y < bottom ? 0.2 : -1);
}

const TEXTURES: readonly ((random: Random) => Texture)[] = [plain, gradient, clouds, clouds, bricks, stripes, frame];

/** Fills the picture with a wall or plate of the given colour. Texture is up to `strength` lighter or darker. */
export function drawBackgroundInto(
  picture: Picture,
  { colour, strength, random }: { colour: Colour; strength: number; random: Random },
): void {
  const first = pick(random, TEXTURES)(random);
  const second = chance(random, 0.5) ? pick(random, TEXTURES)(random) : plain();
  const tint = Array.from({ length: 3 }, () => between(random, 0.6, 1.4));
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      const texture = strength * (first(x, y) + 0.5 * second(x, y));
      for (let channel = 0; channel < 3; channel++) {
        picture[(channel * SIDE + y) * SIDE + x] = colour[channel] + tint[channel] * texture;
      }
    }
  }
}
