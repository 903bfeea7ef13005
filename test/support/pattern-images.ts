import { createRandom } from "../../src/core/random.js";
import type { ImageSet } from "../../src/data/image-set.js";

export interface PatternOptions {
  readonly count: number;
  readonly size: number;
  /** Grey levels of noise; default 60. */
  readonly noise?: number;
  /** Which way the patterns are turned: 0 or 1; default 0. */
  readonly turned?: 0 | 1;
  readonly classes?: 2 | 3;
}

/** Grey images that are bright on one side: two or three classes that are easily told apart. */
export function patternImages(
  name: string,
  { count, size, noise = 60, turned = 0, classes = 3 }: PatternOptions,
): ImageSet {
  const random = createRandom(1, "patterns", name, count);
  const images = new Uint8Array(count * size * size);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = i % classes;
    for (let place = 0; place < size * size; place++) {
      const [row, column] = [Math.floor(place / size), place % size];
      const [along, across] = turned === 0 ? [column, row] : [row, column];
      const bright = [along < size / 2, along >= size / 2, across < size / 2][labels[i]];
      images[i * size * size + place] = (bright ? 150 : 50) + random.integer(noise);
    }
  }
  const shape = { channels: 1, height: size, width: size } as const;
  return { name, split: "train", images, labels, count, ...shape, classes, notes: [] };
}
