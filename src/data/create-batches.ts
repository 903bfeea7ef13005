import { OnebasinError } from "../core/errors.js";
import { createRandom } from "../core/random.js";
import type { Augment } from "./augment.js";
import { countImages, type ImageSet, listSets } from "./image-set.js";
import { checkInputFormat, type InputFormat } from "./input-format.js";
import { prepareImagesInto } from "./prepare-images.js";

/** Some images ready for a network, in memory of their own. */
export interface Batch {
  /** `[count, channels, size, size]` */
  readonly images: Float32Array;
  /** `[count]` */
  readonly labels: Int32Array;
  readonly count: number;
}

export interface BatchOptions {
  readonly format: InputFormat;
  /** Images in a batch; a whole number from 1. */
  readonly batch: number;
  /** Whether images come in a random order, one for each (seed, name of the set, epoch); default false. */
  readonly shuffle?: boolean;
  /** Whether a last batch with fewer images is left out; default false. */
  readonly dropLast?: boolean;
  readonly augment?: Augment;
  /** Default 0. */
  readonly seed?: number;
  /** Default 0. */
  readonly epoch?: number;
}

/**
 * Goes once through a set in batches; or through several laid end to end, so that shuffled batches hold images of each
 * in proportion to its size. Within a batch, images of the same set stand together.
 *
 * @throws {OnebasinError} `bad-argument` for a batch or format out of range
 * @example
 * for (const { images, labels } of createBatches(set, { format: GREY_32, batch: 128, shuffle: true, epoch })) …
 */
export function* createBatches(sets: ImageSet | readonly ImageSet[], options: BatchOptions): Generator<Batch, void> {
  const all = listSets(sets);
  const order = imageOrder(all, options);
  const count = batchCount(all, options);
  for (let index = 0; index < count; index++) {
    yield takeBatch(bySet(all, order.subarray(index * options.batch, (index + 1) * options.batch)), options);
  }
}

/**
 * Goes through several sets at once, each batch holding the same number of images of each, set after set; ends
 * with the shortest set. A last batch with fewer images is left out.
 *
 * @throws {OnebasinError} `bad-argument` when the batch cannot be shared out evenly, or a format is out of range
 */
export function* createMixedBatches(sets: readonly ImageSet[], options: BatchOptions): Generator<Batch, void> {
  const each = options.batch / sets.length;
  if (!Number.isInteger(each)) {
    throw new OnebasinError(
      "bad-argument",
      `A batch of ${options.batch} cannot hold as many images of each of ${sets.length} datasets.`,
      {
        hint: `Take a multiple of ${sets.length}.`,
      },
    );
  }
  const orders = sets.map((set) => imageOrder([set], options));
  const count = Math.min(...sets.map((set) => Math.floor(set.count / each)));
  for (let index = 0; index < count; index++) {
    const parts = sets.map((set, i) => ({ set, indices: orders[i].subarray(index * each, (index + 1) * each) }));
    yield takeBatch(parts, options);
  }
}

/** How many batches `createBatches` makes. */
function batchCount(sets: readonly ImageSet[], { batch, dropLast }: BatchOptions): number {
  const count = countImages(sets);
  return dropLast ? Math.floor(count / batch) : Math.ceil(count / batch);
}

/** The places of all images, counted through set after set, in the order of an epoch. */
function imageOrder(
  sets: readonly ImageSet[],
  { format, batch, shuffle, seed = 0, epoch = 0 }: BatchOptions,
): Uint32Array {
  checkInputFormat(format);
  if (!Number.isInteger(batch) || batch < 1) {
    throw new OnebasinError("bad-argument", `The batch size is ${batch}; expected a whole number from 1.`);
  }
  const order = Uint32Array.from({ length: countImages(sets) }, (_, index) => index);
  return shuffle ? createRandom(seed, "shuffle", ...sets.map(({ name }) => name), epoch).shuffle(order) : order;
}

/** Which images of which set lie at some places. */
function bySet(sets: readonly ImageSet[], places: Uint32Array): { set: ImageSet; indices: Uint32Array }[] {
  if (sets.length === 1) return [{ set: sets[0], indices: places }];
  let start = 0;
  return sets.map((set) => {
    const first = start;
    start += set.count;
    const own = places.filter((place) => place >= first && place < first + set.count);
    return { set, indices: own.map((place) => place - first) };
  });
}

function takeBatch(parts: readonly { set: ImageSet; indices: Uint32Array }[], options: BatchOptions): Batch {
  const { channels, size } = options.format;
  const count = parts.reduce((sum, { indices }) => sum + indices.length, 0);
  const images = new Float32Array(count * channels * size * size);
  const labels = new Int32Array(count);
  let done = 0;
  for (const { set, indices } of parts) {
    const start = done * channels * size * size;
    prepareImagesInto(images.subarray(start, start + indices.length * channels * size * size), set, {
      ...options,
      indices,
    });
    for (const index of indices) labels[done++] = set.labels[index];
  }
  return { images, labels, count };
}
