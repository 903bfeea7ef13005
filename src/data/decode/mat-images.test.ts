import { describe, expect, test } from "vitest";
import { makeMat } from "../../../test/support/make-mat.js";
import { bytesSource } from "../../checkpoint/byte-source.js";
import { decodeMatImages } from "./mat-images.js";

/** Image i has value 100 i + 10 row + column + 50 channel, here 2 × 3 pixels; `[h, w, c, n]` column by column. */
const value = (image: number, channel: number, row: number, column: number): number =>
  (100 * image + 50 * channel + 10 * row + column) % 256;
const X = (count: number, channels = 3) => {
  const values: number[] = [];
  for (let n = 0; n < count; n++)
    for (let c = 0; c < channels; c++)
      for (let column = 0; column < 3; column++)
        for (let row = 0; row < 2; row++) values.push(value(n, c, row, column));
  return { name: "X", sizes: [2, 3, channels, count], values: Uint8Array.from(values) };
};
const y = (...labels: number[]) => ({ name: "y", sizes: [labels.length, 1], values: Uint8Array.from(labels) });
const options = { limit: undefined, classes: 10, complete: true };
const decode = (bytes: Uint8Array, more = {}) =>
  decodeMatImages([bytesSource("digits.mat", bytes)], { ...options, ...more });

describe("images in SVHN's format", () => {
  test.each([true, false])("come out plane by plane, row by row (packed: %s)", async (packed) => {
    const found = await decode(makeMat([X(4), y(1, 10, 3, 9)], { packed }));
    expect(found).toMatchObject({ count: 4, kept: 4, channels: 3, height: 2, width: 3 });
    const wanted: number[] = [];
    for (let n = 0; n < 4; n++)
      for (let c = 0; c < 3; c++)
        for (let row = 0; row < 2; row++)
          for (let column = 0; column < 3; column++) wanted.push(value(n, c, row, column));
    expect([...found.images]).toEqual(wanted);
    expect([...found.labels]).toEqual([1, 0, 3, 9]);
  });

  test("labels may be doubles and stand before the images", async () => {
    const labels = { name: "y", sizes: [2, 1], values: Float64Array.of(10, 2) };
    const found = await decode(makeMat([labels, { ...X(2), name: "X" }]), { limit: 1 });
    expect([found.count, found.kept, ...found.labels]).toEqual([2, 1, 0, 2]);
  });

  test("grey images and a lone coloured one", async () => {
    const grey = { name: "X", sizes: [2, 3, 4], values: X(4, 1).values };
    expect(await decode(makeMat([grey, y(1, 2, 3, 4)]))).toMatchObject({ channels: 1, count: 4 });
    const lone = { name: "X", sizes: [2, 3, 3], values: X(1).values };
    expect(await decode(makeMat([lone, y(7)]))).toMatchObject({ channels: 3, count: 1 });
  });

  const good = makeMat([X(4), y(1, 10, 3, 9)]);
  const hdf5 = new TextEncoder().encode("MATLAB 7.3 MAT-file".padEnd(200));
  test.each([
    [
      "cut short",
      good.subarray(0, good.length - 9),
      /digits\.mat is not a MATLAB 5 file, or is damaged: the element at byte \d+ has \d+ bytes/,
    ],
    [
      "a label out of range",
      makeMat([X(2), y(1, 11)]),
      "digits.mat: label 11 of image 1 is out of range; labels are 1 to 10, 10 standing for 0.",
    ],
    ["both 0 and 10", makeMat([X(2), y(0, 10)]), "digits.mat: y holds both 0 and 10; labels are 1 to 10"],
    ["too few labels", makeMat([X(2), y(1)]), "digits.mat: X holds 2 images, y 1 labels."],
    ["no images", makeMat([y(1)]), 'digits.mat has no array "X"; it holds "y".'],
    [
      "images of doubles",
      makeMat([{ name: "X", sizes: [1, 1, 3, 1], values: new Float64Array(3) }, y(1)]),
      "digits.mat: X is [1, 1, 3, 1] of f64",
    ],
    ["some text", new TextEncoder().encode("hello"), "damaged: it has 5 bytes, the header alone has 128."],
    ["MATLAB 7.3", hdf5, "digits.mat is a MATLAB 7.3 file, which is HDF5."],
    ["a web page", new TextEncoder().encode("<html>".repeat(50)), "it has no byte order mark at byte 126"],
  ])("%s is one clear error", async (_, bytes, message) => {
    await expect(decode(bytes)).rejects.toThrow(message);
  });

  test("every byte flipped gives a value or an error of ours", async () => {
    for (const packed of [true, false]) {
      const bytes = makeMat([X(2), y(1, 10)], { packed });
      for (let place = 0; place < bytes.length; place++) {
        const bad = Uint8Array.from(bytes);
        bad[place] ^= 0xff;
        const outcome = await decode(bad).then(
          () => "value",
          (error: Error) => error.name,
        );
        expect(["value", "OnebasinError"]).toContain(outcome);
      }
    }
  });
});
