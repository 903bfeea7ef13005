import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { encode as encodePng } from "fast-png";
import { encode as encodeJpeg } from "jpeg-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createDatasetCache } from "../node/dataset-cache.js";
import type { Split } from "./image-set.js";
import { loadDataset } from "./load-dataset.js";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "onebasin-folder-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function put(name: string, bytes: Uint8Array): Promise<void> {
  const path = join(folder, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, bytes);
}
const load = (split: Split, limit?: number) =>
  loadDataset(`folder:${folder},size=8`, { split, limit, environment: createDatasetCache({ offline: true }) });

/** A grey PNG of one value. */
const grey = (value: number, width = 8, height = 8): Uint8Array =>
  encodePng({ width, height, channels: 1, data: new Uint8Array(width * height).fill(value) });
const jpeg = (...[red, green, blue]: readonly [number, number, number]): Uint8Array =>
  encodeJpeg({ width: 8, height: 8, data: Buffer.from(new Array(64).fill([red, green, blue, 255]).flat()) }, 95).data;
const firstBytes = (images: Uint8Array, bytesEach: number): number[] =>
  Array.from({ length: images.length / bytesEach }, (_, i) => images[i * bytesEach]);

test("train/ and test/, classes in the order of their names, pictures in turns", async () => {
  for (const [name, value] of [
    ["train/dog/1.png", 20],
    ["train/dog/2.png", 21],
    ["train/dog/3.png", 22],
    ["train/cat/1.png", 10],
    ["train/cat/2.png", 11],
    ["test/dog/1.png", 30],
  ] as const) {
    await put(name, grey(value));
  }
  await put("train/cat/notes.txt", new Uint8Array(3));
  const train = await load("train");
  expect(train).toMatchObject({
    count: 5,
    channels: 1,
    height: 8,
    width: 8,
    classes: 2,
    classNames: ["cat", "dog"],
    notes: [],
  });
  expect(firstBytes(train.images, 64)).toEqual([10, 20, 11, 21, 22]);
  expect([...train.labels]).toEqual([0, 1, 0, 1, 1]);
  expect([...(await load("train", 2)).labels]).toEqual([0, 1]);
  expect([...(await load("test")).labels]).toEqual([1]);
});

test("without them every fifth picture of a class is for testing, and a note says so", async () => {
  for (let i = 0; i < 10; i++) await put(`a/${i}.png`, grey(i));
  const [train, tested] = [await load("train"), await load("test")];
  expect(firstBytes(train.images, 64)).toEqual([0, 1, 2, 3, 5, 6, 7, 8]);
  expect(firstBytes(tested.images, 64)).toEqual([4, 9]);
  expect(train.notes[0]).toMatch(/has no train\/ and test\/: every fifth picture/);
});

test("colour among grey makes all of them colour; JPEG and PNG mix", async () => {
  await put("train/a/1.png", grey(7));
  await put("train/b/1.jpg", jpeg(200, 100, 50));
  await put("test/a/1.png", grey(1));
  const { images, channels } = await load("train");
  expect(channels).toBe(3);
  expect([images[0], images[64], images[128]]).toEqual([7, 7, 7]);
  // JPEG keeps flat colours to a few steps.
  [200, 100, 50].forEach((value, channel) => {
    expect(Math.abs(images[192 + 64 * channel] - value)).toBeLessThanOrEqual(3);
  });
});

test("transparent is black, 16 bits become 8, one bit becomes black and white", async () => {
  const half = encodePng({
    width: 8,
    height: 8,
    channels: 2,
    data: Uint8Array.from({ length: 128 }, (_, i) => (i % 2 ? 128 : 100)),
  });
  await put("train/a/1.png", half);
  await put(
    "train/a/2.png",
    encodePng({ width: 8, height: 8, channels: 1, depth: 16, data: new Uint16Array(64).fill(0x8080) }),
  );
  await put(
    "train/a/3.png",
    encodePng({ width: 8, height: 8, channels: 1, depth: 1, data: new Uint8Array(8).fill(0b10101010) }),
  );
  await put("test/a/1.png", grey(1));
  const { images } = await load("train");
  expect([images[0], images[64]]).toEqual([50, 128]);
  expect([...images.subarray(128, 132)]).toEqual([255, 0, 255, 0]);
});

test("a wide picture gives its middle, shrunk", async () => {
  const data = Uint8Array.from({ length: 32 * 16 }, (_, i) =>
    i % 32 < 8 ? 255 : i % 32 < 16 ? 40 : i % 32 < 24 ? 80 : 255,
  );
  await put("train/a/1.png", encodePng({ width: 32, height: 16, channels: 1, data }));
  await put("test/a/1.png", grey(1));
  const { images } = await load("train");
  expect([...images.subarray(0, 3), ...images.subarray(5, 8)]).toEqual([40, 40, 40, 80, 80, 80]);
});

test.each([
  ["a picture cut short", () => put("train/a/1.png", grey(3).subarray(0, 50)), /1\.png cannot be decoded: /],
  ["a JPEG cut short", () => put("train/a/1.jpg", jpeg(1, 2, 3).subarray(0, 300)), /1\.jpg cannot be decoded: /],
  [
    "another kind of file",
    () => put("train/a/1.png", new TextEncoder().encode("GIF89a")),
    /1\.png is neither a PNG nor a JPEG\.$/,
  ],
  ["a class that only test/ has", () => put("test/b/1.png", grey(1)), /has classes that train\/ has not: b\.$/],
  [
    "no pictures",
    () => mkdir(join(folder, "train/a"), { recursive: true }),
    /holds no pictures for the train split\.$/,
  ],
])("%s is one clear error", async (kind, damage, message) => {
  await put("test/a/1.png", grey(1));
  await mkdir(join(folder, "train/a"), { recursive: true });
  await damage();
  const split = kind === "a class that only test/ has" ? "test" : "train";
  await expect(load(split)).rejects.toThrow(message);
});

test("a folder that is not there", async () => {
  const environment = createDatasetCache({ offline: true });
  const missing = join(folder, "nowhere");
  await expect(loadDataset(`folder:${missing}`, { split: "train", environment })).rejects.toThrow(
    `There is no folder ${missing}.`,
  );
});
