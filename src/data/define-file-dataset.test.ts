import { expect, test } from "vitest";
import { makeIdxGz } from "../../test/support/make-idx.js";
import { bytesSource } from "../checkpoint/byte-source.js";
import type { DatasetEnvironment, OpenedFile } from "./dataset-environment.js";
import { decodeIdxPair } from "./decode/idx-pair.js";
import { defineFileDataset } from "./define-file-dataset.js";

const files = [{ name: "images.gz", md5: "a" }, { name: "labels.gz" }];
const tiny = defineFileDataset({
  id: "tiny",
  title: "Tiny",
  doc: "Three images of two by two.",
  classes: 10,
  shape: { channels: 1, height: 2, width: 2 },
  counts: { train: 3, test: 3 },
  packings: [{ mirror: "http://mirror.invalid/", decode: decodeIdxPair, files: { train: files, test: files } }],
});

function load(images: Uint8Array, labels: Uint8Array, check: OpenedFile["check"] = "other") {
  const environment: DatasetEnvironment = {
    openDatasetFiles: async () => ({
      group: 0,
      files: [
        { source: bytesSource("images.gz", images), check, md5: "b" },
        { source: bytesSource("labels.gz", labels), check: "unknown" },
      ],
    }),
    openFile: () => Promise.reject(new Error("not asked for")),
    listFolder: () => Promise.reject(new Error("not asked for")),
    joinPath: (folder, name) => `${folder}/${name}`,
  };
  return tiny.load({ name: "tiny", split: "train", limit: 2, seed: 0, paths: [], values: {}, environment });
}
const images = makeIdxGz([3, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
const labels = makeIdxGz([3], [0, 9, 4]);

test("the official files", async () => {
  const set = await load(images, labels, "official");
  expect(set).toMatchObject({ count: 2, channels: 1, height: 2, width: 2, classes: 10, notes: [] });
  expect([...set.images]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect([...set.labels]).toEqual([0, 9]);
});

test("other files of the right shape and count count as good, with a note", async () => {
  expect((await load(images, labels)).notes).toEqual([
    "images.gz is not the file that was published (its MD5 is b), but it decodes to what it should: the files hold 3 images of 1 × 2 × 2.",
  ]);
});

test.each([
  [
    "too few images",
    makeIdxGz([2, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8]),
    makeIdxGz([2], [0, 1]),
    /Tiny \(train\) is \[3, 1, 2, 2\], the file holds \[2, 1, 2, 2\]\. \(images\.gz has MD5 b, which is not the published one\.\)$/,
  ],
  [
    "a file cut short",
    images.subarray(0, 25),
    labels,
    /images\.gz cannot be unpacked: unexpected end of file\. \(images\.gz has MD5 b/,
  ],
  ["labels of another file", images, makeIdxGz([2], [0, 1]), /images\.gz holds 3 images, labels\.gz 2 labels\./],
  [
    "labels out of range",
    images,
    makeIdxGz([3], [0, 11, 200]),
    /labels\.gz: label 11 of image 1 is not a class in 0 to 9 \(2 of 3 labels are out of range\)\./,
  ],
])("%s: one error with the checksum", async (_, badImages, badLabels, message) => {
  await expect(load(badImages, badLabels)).rejects.toThrow(message);
});
