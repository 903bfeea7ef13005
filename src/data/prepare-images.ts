import { type Augment, createAugment } from "./augment.js";
import type { ImageSet } from "./image-set.js";
import { checkInputFormat, type InputFormat } from "./input-format.js";
import { createResample } from "./resample.js";

export interface PrepareOptions {
  readonly format: InputFormat;
  /** Which images, in which order; default all. */
  readonly indices?: ArrayLike<number>;
  /** Random changes; none when absent. */
  readonly augment?: Augment;
  /** For `augment`; default 0. */
  readonly seed?: number;
  /** For `augment`; default 0. */
  readonly epoch?: number;
}

/**
 * Brings images to the form that networks see: grey by 0.299 R + 0.587 G + 0.114 B if asked for one channel, padded
 * with black or resized to the size, changed at random if asked, and scaled, in f32:
 *
 *     (x / 255 − 0.5) / 0.5
 *
 * An image whose longer side is 3/4 to all of the size is padded on all sides (28 → 32); any other is resized,
 * keeping its shape (16 → 32), and what is then lacking padded.
 *
 * @returns `[indices, channels, size, size]`, row-major
 * @throws {OnebasinError} `bad-argument` for a format out of range
 */
export function prepareImages(set: ImageSet, options: PrepareOptions): Float32Array {
  const { channels, size } = options.format;
  checkInputFormat(options.format);
  const out = new Float32Array((options.indices?.length ?? set.count) * channels * size * size);
  prepareImagesInto(out, set, options);
  return out;
}

/** As `prepareImages`, into memory of the right length. */
export function prepareImagesInto(out: Float32Array, set: ImageSet, options: PrepareOptions): void {
  const { format, indices, augment, seed = 0, epoch = 0 } = options;
  const { channels, size, normalise } = format;
  const pixels = size * size;
  const planeCount = set.channels === 3 && channels === 3 ? 3 : 1;
  const fit = createFit(set, size);
  const bytes = Float32Array.from({ length: 256 }, (_, byte) => byte);
  scaleInPlace(bytes, { count: 256, normalise });
  const change =
    augment === undefined
      ? undefined
      : createAugment(augment, { size, channels: planeCount, key: { seed, name: set.name, epoch } });
  const plane = new Float32Array(set.height * set.width);
  const count = indices?.length ?? set.count;
  for (let i = 0; i < count; i++) {
    const index = indices === undefined ? i : indices[i];
    const target = out.subarray(i * channels * pixels, (i + 1) * channels * pixels);
    if (fit.copies && change === undefined && planeCount === set.channels) {
      scaleBytesInto(target, set, { index, bytes, fit, planeCount, size });
    } else {
      for (let channel = 0; channel < planeCount; channel++) {
        const targetPlane = planeCount === 1 ? target : target.subarray(channel * pixels, (channel + 1) * pixels);
        readPlaneInto(fit.keeps ? targetPlane : plane, set, { index, channel, grey: planeCount < set.channels });
        if (!fit.keeps) fit.plane(targetPlane, plane);
      }
      change?.(target, index);
      scaleInPlace(target, { count: planeCount * pixels, normalise });
    }
    for (let channel = planeCount; channel < channels; channel++) target.copyWithin(channel * pixels, 0, pixels);
  }
}

/** In f32, step by step as a program on tensors would do it. */
function scaleInPlace(
  values: Float32Array,
  { count, normalise }: { count: number; normalise: InputFormat["normalise"] },
): void {
  for (let i = 0; i < count; i++) values[i] /= 255;
  if (normalise === "[-1,1]") for (let i = 0; i < count; i++) values[i] = Math.fround(values[i] - 0.5) * 2;
}

/** Longest side, as a share of the size, from which an image is padded and not enlarged. */
const PADDED_FROM = 3 / 4;

/** How images of a set come to the size. */
interface Fit {
  /** Whether the image has the size already. */
  readonly keeps: boolean;
  /** Whether pixels stay as they are, with a border at most. */
  readonly copies: boolean;
  readonly top: number;
  readonly left: number;
  /** Puts a plane `[height, width]` into one of `[size, size]`, over zeros. */
  readonly plane: (out: Float32Array, plane: Float32Array) => void;
}

function createFit({ height, width }: ImageSet, size: number): Fit {
  const longest = Math.max(height, width);
  const copies = longest <= size && longest >= PADDED_FROM * size;
  const side = (length: number): number => (copies ? length : Math.max(1, Math.round((length * size) / longest)));
  const [rows, columns] = [side(height), side(width)];
  const top = Math.floor((size - rows) / 2);
  const left = Math.floor((size - columns) / 2);
  const resample = copies ? undefined : createResample({ height, width }, { height: rows, width: columns });
  const resized = new Float32Array(rows * columns);
  return {
    keeps: height === size && width === size,
    copies,
    top,
    left,
    plane: (out, plane) => {
      const whole = rows === size && columns === size;
      resample?.(whole ? out : resized, plane);
      const from = resample === undefined ? plane : resized;
      if (!(whole && resample)) placeInto(out, from, { rows, columns, top, left, size });
    },
  };
}

/** Puts `rows` × `columns` pixels into a square of zeros. */
function placeInto(
  out: Float32Array,
  plane: Float32Array,
  { rows, columns, top, left, size }: { rows: number; columns: number; top: number; left: number; size: number },
): void {
  out.fill(0);
  for (let row = 0, from = 0; row < rows; row++) {
    for (let to = (top + row) * size + left, end = to + columns; to < end; to++) out[to] = plane[from++];
  }
}

interface BytePlan {
  readonly index: number;
  readonly bytes: Float32Array;
  readonly fit: Fit;
  readonly planeCount: number;
  readonly size: number;
}

/** The short way where bytes go one to one: by table. */
function scaleBytesInto(out: Float32Array, set: ImageSet, { index, bytes, fit, planeCount, size }: BytePlan): void {
  const { images, height, width } = set;
  if (height < size || width < size) out.fill(bytes[0]);
  let from = index * planeCount * height * width;
  for (let channel = 0; channel < planeCount; channel++) {
    for (let row = 0; row < height; row++) {
      let to = (channel * size + fit.top + row) * size + fit.left;
      for (let column = 0; column < width; column++) out[to++] = bytes[images[from++]];
    }
  }
}

/** One plane of an image, or the grey of all three, in f32 from 0 to 255. */
function readPlaneInto(
  out: Float32Array,
  { images, channels, height, width }: ImageSet,
  { index, channel, grey }: { index: number; channel: number; grey: boolean },
): void {
  const pixels = height * width;
  const start = (index * channels + channel) * pixels;
  if (grey) greyInto(out, images, { start, pixels });
  else for (let pixel = 0; pixel < pixels; pixel++) out[pixel] = images[start + pixel];
}

/** Summed in f32 and not rounded to a whole number. */
function greyInto(out: Float32Array, images: Uint8Array, { start, pixels }: { start: number; pixels: number }): void {
  for (let pixel = 0, at = start; pixel < pixels; pixel++, at++) {
    out[pixel] = Math.fround(RED[images[at]] + GREEN[images[at + pixels]]) + BLUE[images[at + 2 * pixels]];
  }
}

const share = (weight: number): Float32Array =>
  Float32Array.from({ length: 256 }, (_, byte) => Math.fround(weight) * byte);

/** Shares of the three colours in grey: the luma of ITU-R BT.601. */
const RED = share(0.299);
const GREEN = share(0.587);
const BLUE = share(0.114);
