import { integer, number, type ParamValues } from "../core/params.js";
import { philox4x32Into } from "../core/philox.js";
import { createRandom } from "../core/random.js";

/** Random changes that leave the class alone. All are off at 0. */
export const augmentParams = {
  shift: integer({
    doc: "Moves the image by up to so many whole pixels each way; the edge is drawn out.",
    default: 0,
    min: 0,
    max: 1024,
  }),
  crop: number({
    doc: "Takes a part of the image as large as the whole: the largest share of the side cut away.",
    default: 0,
    min: 0,
    max: 0.9,
  }),
  colour: number({ doc: "Strength of random brightness, contrast and tint.", default: 0, min: 0, max: 1 }),
};

export type Augment = Partial<ParamValues<typeof augmentParams>>;

/** What an image's randomness hangs on, besides its place in the set. */
export interface AugmentKey {
  readonly seed: number;
  readonly name: string;
  readonly epoch: number;
}

/** Changes the planes of image `index` in place: `[channels, size, size]` with values 0 to 255. */
export type AugmentImage = (planes: Float32Array, index: number) => void;

/**
 * Prepares random changes: a pure function of (seed, name of the set, epoch, image), whatever batch it is in. Owns
 * buffers of one plane.
 */
export function createAugment(
  { shift = 0, crop = 0, colour = 0 }: Augment,
  { size, channels, key }: { size: number; channels: number; key: AugmentKey },
): AugmentImage {
  const names = createRandom(key.seed, "augment", key.name, key.epoch);
  const philoxKey = [names.word(), names.word()] as const;
  const words = new Uint32Array(4);
  const across = createTaps(size);
  const down = createTaps(size);
  const source = new Float32Array(size * size);

  return (planes, index) => {
    const draw = (block: number): [number, number, number, number] => {
      philox4x32Into(words, [index, block, 0, 0], philoxKey);
      return [words[0] * 2 ** -32, words[1] * 2 ** -32, words[2] * 2 ** -32, words[3] * 2 ** -32];
    };
    if (shift > 0 || crop > 0) {
      const [moveX, moveY, cut, startX] = draw(0);
      const [startY] = draw(1);
      const side = size * (1 - crop * cut);
      const step = side / size;
      setTaps(across, { from: startX * (size - side) - pixels(moveX, shift), step, size });
      setTaps(down, { from: startY * (size - side) - pixels(moveY, shift), step, size });
      for (let channel = 0; channel < channels; channel++) {
        const plane = planes.subarray(channel * size * size, (channel + 1) * size * size);
        source.set(plane);
        samplePlane(plane, source, { across, down, size });
      }
    }
    if (colour > 0) {
      const [contrast, brightness] = draw(2).map((u) => 2 * u - 1);
      const tints = draw(3).map((u) => 2 * u - 1);
      for (let channel = 0; channel < channels; channel++) {
        const tint = channels === 1 ? 0 : tints[channel];
        const gain = (1 + colour * contrast) * (1 + 0.5 * colour * tint);
        const offset = MIDDLE_GREY + MIDDLE_GREY * colour * brightness;
        for (let pixel = channel * size * size; pixel < (channel + 1) * size * size; pixel++) {
          planes[pixel] = Math.min(255, Math.max(0, gain * (planes[pixel] - MIDDLE_GREY) + offset));
        }
      }
    }
  };
}

const MIDDLE_GREY = 127.5;

/** A whole number of pixels in [−most, most] from a uniform number. */
const pixels = (uniform: number, most: number): number => Math.floor(uniform * (2 * most + 1)) - most;

/** For every output place of an axis, the input place below and the share of the one above. */
interface Taps {
  readonly below: Int32Array;
  readonly share: Float32Array;
}

const createTaps = (size: number): Taps => ({ below: new Int32Array(size), share: new Float32Array(size) });

function setTaps({ below, share }: Taps, { from, step, size }: { from: number; step: number; size: number }): void {
  for (let i = 0; i < size; i++) {
    const place = Math.min(size - 1, Math.max(0, from + (i + 0.5) * step - 0.5));
    below[i] = Math.min(size - 2, Math.floor(place));
    share[i] = place - below[i];
  }
}

function samplePlane(
  out: Float32Array,
  plane: Float32Array,
  { across, down, size }: { across: Taps; down: Taps; size: number },
): void {
  for (let row = 0; row < size; row++) {
    const above = down.below[row] * size;
    const rowShare = down.share[row];
    for (let column = 0; column < size; column++) {
      const at = above + across.below[column];
      const share = across.share[column];
      const upper = plane[at] + share * (plane[at + 1] - plane[at]);
      const lower = plane[at + size] + share * (plane[at + size + 1] - plane[at + size]);
      out[row * size + column] = upper + rowShare * (lower - upper);
    }
  }
}
