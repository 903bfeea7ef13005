import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import type { ImageSet } from "./image-set.js";
import { prepareImages } from "./prepare-images.js";

interface Golden {
  readonly cases: readonly {
    name: string;
    shape: number[];
    size: number;
    tolerance: number;
    images: string;
    prepared: string;
  }[];
}
const fixture = new URL("../../test/fixtures/prepare-images.json", import.meta.url);
const golden: Golden = JSON.parse(readFileSync(fixture, "utf8"));

const imageSet = (images: Uint8Array, [count, channels, height, width]: readonly number[]): ImageSet => ({
  name: "set",
  split: "train",
  images,
  labels: new Int32Array(count),
  count,
  channels: channels as 1 | 3,
  height,
  width,
  classes: 10,
  notes: [],
});
const decoded = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(Buffer.from(text, "base64"));

describe("as PyTorch prepares it", () => {
  test.each(golden.cases)("$name", ({ shape, size, tolerance, images, prepared }) => {
    const found = prepareImages(imageSet(decoded(images), shape), {
      format: { channels: 1, size, normalise: "[-1,1]" },
    });
    const wanted = new Float32Array(decoded(prepared).buffer);
    expect(found).toHaveLength(wanted.length);
    let worst = 0;
    found.forEach((value, i) => {
      worst = Math.max(worst, Math.abs(value - wanted[i]));
    });
    expect(worst).toBeLessThanOrEqual(tolerance);
  });
});

const flat = (values: readonly number[], shape: readonly number[]): ImageSet =>
  imageSet(Uint8Array.from(values), shape);

test("grey becomes three equal channels", () => {
  const set = flat([0, 51, 102, 255], [1, 1, 2, 2]);
  const found = prepareImages(set, { format: { channels: 3, size: 2, normalise: "[0,1]" } });
  expect([...found]).toEqual([0, 0.2, 0.4, 1, 0, 0.2, 0.4, 1, 0, 0.2, 0.4, 1].map(Math.fround));
});

test("padding is black, which is −1", () => {
  const set = flat(new Array(9).fill(255), [1, 1, 3, 3]);
  const found = prepareImages(set, { format: { channels: 1, size: 4, normalise: "[-1,1]" } });
  expect([...found]).toEqual([1, 1, 1, -1, 1, 1, 1, -1, 1, 1, 1, -1, -1, -1, -1, -1]);
});

test("an image that is not square keeps its shape", () => {
  const set = flat(new Array(8).fill(255), [1, 1, 4, 2]);
  const found = prepareImages(set, { format: { channels: 1, size: 8, normalise: "[0,1]" } });
  expect([...found.subarray(0, 8)]).toEqual([0, 0, 1, 1, 1, 1, 0, 0]);
});

test("indices choose and order", () => {
  const set = flat([0, 51, 255], [3, 1, 1, 1]);
  const found = prepareImages(set, { format: { channels: 1, size: 1, normalise: "[0,1]" }, indices: [2, 0] });
  expect([...found]).toEqual([1, 0]);
});

test("a size out of range is refused", () => {
  const format = { channels: 1, size: 0, normalise: "[0,1]" } as const;
  expect(() => prepareImages(flat([0], [1, 1, 1, 1]), { format })).toThrow(
    "Images cannot be brought to 1 channels of 0 × 0; expected 1 or 3 channels and a size of 1 to 1024.",
  );
});
