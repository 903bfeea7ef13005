import { describe, expect, test } from "vitest";
import { makeIdx, makeIdxGz } from "../../../test/support/make-idx.js";
import { bytesSource } from "../../checkpoint/byte-source.js";
import { readIdxImages, readIdxLabels } from "./idx.js";

const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i % 251);
const source = (bytes: Uint8Array) => bytesSource("images", bytes);

describe("idx images", () => {
  test.each([
    ["plain", makeIdx],
    ["gzipped", makeIdxGz],
  ])("%s: every byte in its place", async (_, make) => {
    const found = await readIdxImages(source(make([3, 2, 4], range(24))));
    expect(found).toMatchObject({ count: 3, kept: 3, channels: 1, height: 2, width: 4 });
    expect([...found.images]).toEqual(range(24));
  });

  test("the first images are kept, all are counted", async () => {
    const found = await readIdxImages(source(makeIdxGz([3, 2, 4], range(24))), 2);
    expect(found).toMatchObject({ count: 3, kept: 2 });
    expect([...found.images]).toEqual(range(16));
  });

  test("colours come out in planes", async () => {
    const found = await readIdxImages(source(makeIdx([1, 1, 2, 3], [1, 2, 3, 4, 5, 6])));
    expect([...found.images]).toEqual([1, 4, 2, 5, 3, 6]);
  });

  test.each([
    ["cut short", makeIdx([3, 2, 4], range(23)), "images ends early: bytes 24 to 40 were asked for, the file has 39."],
    [
      "cut short inside gzip",
      makeIdxGz([3, 2, 4], range(24)).subarray(0, 30),
      "images cannot be unpacked: unexpected end of file.",
    ],
    ["too long", makeIdx([3, 2, 4], range(25)), "images goes on after the [3, 2, 4] that its header names."],
    [
      "a header that claims too much",
      makeIdx([2 ** 31, 2 ** 10, 2 ** 10], range(8)),
      "images ends early: its header says [2147483648, 1, 1024, 1024], 2251799813685248 bytes, which 24 bytes cannot hold.",
    ],
    ["no images", makeIdx([0, 2, 4], []), "images holds no images: its header says [0, 1, 2, 4]."],
    ["labels", makeIdx([3], [1, 2, 3]), "images holds [3]; images are [n, h, w] or [n, h, w, 3]."],
    ["a web page", new TextEncoder().encode("<html>"), "images is not an idx file: it starts with 3c 68 74 6d."],
    ["floats", Uint8Array.of(0, 0, 0x0d, 1, 0, 0, 0, 0), "images holds idx type 0x0d, not bytes."],
    ["nothing", new Uint8Array(0), "images ends early: bytes 0 to 4 were asked for, the file has 0."],
  ])("%s is one clear error", async (_, bytes, message) => {
    await expect(readIdxImages(source(bytes), 1)).rejects.toThrow(message);
  });
});

test("labels are read as they are", async () => {
  expect([...(await readIdxLabels(source(makeIdxGz([3], [7, 0, 255]))))]).toEqual([7, 0, 255]);
});

test("every byte flipped gives a value or an error of ours", async () => {
  const good = makeIdxGz([3, 2, 4], range(24));
  for (let place = 0; place < good.length; place++) {
    const bad = Uint8Array.from(good);
    bad[place] ^= 0xff;
    const outcome = await readIdxImages(source(bad)).then(
      () => "value",
      (error: Error) => error.name,
    );
    expect(["value", "OnebasinError"]).toContain(outcome);
  }
});
