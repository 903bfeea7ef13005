import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeIdx, makeIdxGz } from "../../test/support/make-idx.js";
import { makeMat } from "../../test/support/make-mat.js";
import { createDatasetCache } from "../node/dataset-cache.js";
import type { Split } from "./image-set.js";
import { loadDataset } from "./load-dataset.js";

let folder: string;
const environment = createDatasetCache({ offline: true });
const load = (name: string, split: Split, limit?: number) => loadDataset(name, { split, limit, environment });
const at = (name: string): string => join(folder, name);

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "onebasin-own-"));
  await writeFile(at("train-images-idx3-ubyte.gz"), makeIdxGz([2, 1, 2], [1, 2, 3, 4]));
  await writeFile(at("train-labels-idx1-ubyte"), makeIdx([2], [0, 12]));
  await writeFile(at("t10k-images-idx3-ubyte"), makeIdx([1, 1, 2], [5, 6]));
  await writeFile(at("t10k-labels-idx1-ubyte"), makeIdx([1], [7]));
  const X = { name: "X", sizes: [1, 1, 3, 2], values: Uint8Array.of(1, 2, 3, 4, 5, 6) };
  const y = { name: "y", sizes: [2, 1], values: Uint8Array.of(3, 10) };
  await writeFile(at("train.mat"), makeMat([X, y]));
});
afterEach(() => rm(folder, { recursive: true }));

test("a folder of idx files", async () => {
  expect([...(await load(`idx:${folder}`, "test")).images]).toEqual([5, 6]);
  const train = await load(`idx:${folder},classes=13`, "train");
  expect([[...train.labels], train.classes]).toEqual([[0, 12], 13]);
});

test("four idx files by name", async () => {
  const names = [
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
  ];
  const set = await load(`idx:${names.map(at).join(",")}`, "test");
  expect([set.count, [...set.labels]]).toEqual([1, [7]]);
});

test("labels out of range, also behind the limit", async () => {
  await expect(load(`idx:${folder}`, "train", 1)).rejects.toThrow(
    "train-labels-idx1-ubyte: label 12 of image 1 is not a class in 0 to 9 (1 of 2 labels are out of range).",
  );
});

test("a MATLAB file for each split; the last class stands for 0", async () => {
  const set = await load(`mat:${at("train.mat")}`, "train");
  expect(set).toMatchObject({ count: 2, channels: 3, classes: 10 });
  expect([...set.labels]).toEqual([3, 0]);
  await expect(load(`mat:${at("train.mat")}`, "test")).rejects.toThrow("names no files for the test split.");
});

test("files that are not there", async () => {
  await expect(load(`mat:${at("no.mat")}`, "train")).rejects.toThrow(`There is no file ${at("no.mat")}.`);
  await rm(at("t10k-labels-idx1-ubyte"));
  await expect(load(`idx:${folder}`, "test")).rejects.toThrow(
    `${folder} holds no idx file with labels of the test split.`,
  );
  await expect(load("idx", "test")).rejects.toThrow('Dataset "idx" takes 1 to 4 paths, 0 given.');
});
