import { createRandom } from "../../core/random.js";
import type { ImageSet, Split } from "../image-set.js";
import { SIDE } from "./distance-field.js";
import { drawPenInto } from "./draw-pen.js";
import { drawPlateInto } from "./draw-plate.js";

export type DigitStyle = "pen" | "plate";

const STYLES = {
  pen: { channels: 1, draw: drawPenInto },
  plate: { channels: 3, draw: drawPlateInto },
} as const;

export interface DrawDigitsOptions {
  readonly style: DigitStyle;
  /** Images to draw; at least 1. */
  readonly count: number;
  readonly seed: number;
  readonly split: Split;
  /** What the set is called; default the style. */
  readonly name?: string;
}

/**
 * Draws digits: handwriting in grey (`pen`) or house numbers in colour (`plate`), 32 × 32. Image i is a pure function
 * of (style, seed, split, i), whatever the count.
 *
 * Cost: some thousand images a second.
 */
export function drawDigits({ style, count, seed, split, name = style }: DrawDigitsOptions): ImageSet {
  const { channels, draw } = STYLES[style];
  const length = channels * SIDE * SIDE;
  const images = new Uint8Array(count * length);
  const labels = new Int32Array(count);
  for (let index = 0; index < count; index++) {
    const random = createRandom(seed, style, split, index);
    labels[index] = random.integer(10);
    draw(images.subarray(index * length, (index + 1) * length), labels[index], random);
  }
  return { name, split, images, labels, count, channels, height: SIDE, width: SIDE, classes: 10, notes: [] };
}
