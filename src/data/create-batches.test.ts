import { expect, test } from "vitest";
import { createBatches, createMixedBatches } from "./create-batches.js";
import type { ImageSet } from "./image-set.js";

/** Image i is one pixel of value i with label i. */
const counting = (count: number, name = "set"): ImageSet => ({
  name,
  split: "train",
  images: Uint8Array.from({ length: count }, (_, i) => i),
  labels: Int32Array.from({ length: count }, (_, i) => i),
  count,
  channels: 1,
  height: 1,
  width: 1,
  classes: count,
  notes: [],
});
const format = { channels: 1, size: 1, normalise: "[0,1]" } as const;
const labels = (batches: Iterable<{ labels: Int32Array }>): number[][] =>
  [...batches].map((batch) => [...batch.labels]);

test("in order, the last batch short or left out", () => {
  expect(labels(createBatches(counting(5), { format, batch: 2 }))).toEqual([[0, 1], [2, 3], [4]]);
  expect(labels(createBatches(counting(5), { format, batch: 2, dropLast: true }))).toEqual([
    [0, 1],
    [2, 3],
  ]);
});

test("shuffled: every image once, with its own label, in an order of the seed, the name and the epoch", () => {
  const options = { format, batch: 8, shuffle: true, seed: 1, epoch: 2 };
  const batches = [...createBatches(counting(50), options)];
  const order = batches.flatMap((batch) => [...batch.labels]);
  expect(batches.flatMap((batch) => [...batch.images].map((value) => Math.round(255 * value)))).toEqual(order);
  expect(order).not.toEqual([...order].sort((a, b) => a - b));
  expect([...order].sort((a, b) => a - b)).toEqual([...counting(50).labels]);
  expect(labels(createBatches(counting(50), options)).flat()).toEqual(order);
  for (const other of [{ seed: 2 }, { epoch: 3 }]) {
    expect(labels(createBatches(counting(50), { ...options, ...other })).flat()).not.toEqual(order);
  }
  expect(labels(createBatches(counting(50, "other"), options)).flat()).not.toEqual(order);
});

test("random changes do not depend on the batch an image is in", () => {
  const set: ImageSet = {
    ...counting(1),
    images: Uint8Array.from({ length: 20 * 64 }, (_, i) => (i * 37) % 256),
    labels: Int32Array.from({ length: 20 }, (_, i) => i),
    count: 20,
    height: 8,
    width: 8,
  };
  const options = { format: { ...format, size: 8 }, augment: { shift: 2, crop: 0.2, colour: 0.3 }, seed: 4 };
  const byLabel = (batch: number, shuffle: boolean, epoch: number): string[] => {
    const out: string[] = [];
    for (const { images, labels } of createBatches(set, { ...options, batch, shuffle, epoch })) {
      labels.forEach((label, i) => {
        out[label] = images.subarray(64 * i, 64 * (i + 1)).join();
      });
    }
    return out;
  };
  expect(byLabel(3, true, 1)).toEqual(byLabel(20, false, 1));
  expect(byLabel(3, true, 1)).not.toEqual(byLabel(3, true, 2));
});

test("a shift moves whole pixels and draws the edge out", () => {
  const set: ImageSet = {
    ...counting(1),
    images: Uint8Array.from({ length: 16 }, (_, i) => 10 * i),
    height: 4,
    width: 4,
  };
  const seen = new Set<string>();
  for (let epoch = 0; epoch < 60; epoch++) {
    const options = { format: { ...format, size: 4 }, augment: { shift: 1 }, batch: 1, epoch };
    for (const { images } of createBatches(set, options)) {
      seen.add([...images].map((value) => Math.round(value * 25.5)).join(" "));
    }
  }
  expect(seen.size).toBe(9);
  expect(seen).toContain("0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15");
  expect(seen).toContain("1 2 3 3 5 6 7 7 9 10 11 11 13 14 15 15");
});

test("mixed: as many of each, set after set, until the shortest ends", () => {
  const batches = createMixedBatches([counting(5), counting(3)], { format, batch: 4 });
  expect(labels(batches)).toEqual([[0, 1, 0, 1]]);
  expect(() => [...createMixedBatches([counting(5), counting(3)], { format, batch: 3 })]).toThrow(
    "A batch of 3 cannot hold as many images of each of 2 datasets.",
  );
});

test("several sets end to end: every image once, shuffled across sets, one set after the other within a batch", () => {
  const sets = [
    counting(30, "a"),
    { ...counting(20, "b"), labels: Int32Array.from({ length: 20 }, (_, i) => 100 + i) },
  ];
  const options = { format, batch: 8, shuffle: true, dropLast: true, seed: 1, epoch: 2 };
  const batches = labels(createBatches(sets, options));
  expect(batches.map(({ length }) => length)).toEqual([8, 8, 8, 8, 8, 8]);
  const shown = batches.flat();
  expect(new Set(shown).size).toBe(48);
  for (const batch of batches) {
    const ofB = batch.filter((label) => label >= 100).length;
    expect(batch.slice(batch.length - ofB).every((label) => label >= 100)).toBe(true);
  }
  expect(new Set(batches.map((batch) => batch.filter((label) => label >= 100).length)).size).toBeGreaterThan(1);
  for (const { images, labels: own } of createBatches(sets, options)) {
    expect([...images].map((value) => Math.round(255 * value))).toEqual([...own].map((label) => label % 100));
  }
  // One set in a list is that set.
  expect(labels(createBatches([sets[0]], options))).toEqual(labels(createBatches(sets[0], options)));
});
