import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { OnebasinError } from "../core/errors.js";
import { createDatasetCache } from "../node/dataset-cache.js";
import { datasets } from "./datasets.gen.js";
import { SPLITS } from "./image-set.js";
import { loadDataset } from "./load-dataset.js";

const nowhere = createDatasetCache({ folder: join("no", "such", "folder"), offline: true });

test("every id is there once", () => {
  const ids = datasets.map(({ id }) => id);
  expect(ids).toEqual([...new Set(ids)]);
});

describe.each(datasets)("$id", (dataset) => {
  test("describes itself", () => {
    expect(dataset.id).toMatch(/^[a-z][a-z0-9-]*$/);
    expect(dataset.doc).toMatch(/^[A-Z].*\.$/);
    for (const { mirror, files } of dataset.packings ?? []) {
      expect(mirror ?? "https://none/").toMatch(/^https?:\/\/.*\/$/);
      for (const file of SPLITS.flatMap((split) => files[split])) {
        // What is fetched from strangers must be checked.
        if (mirror !== undefined) expect(file.md5).toMatch(/^[0-9a-f]{32}$/);
        expect(file.name).toMatch(/^[\w.-]+$/);
      }
    }
  });

  test("an option it does not have is refused", async () => {
    const paths = "a,".repeat(dataset.paths?.min ?? 0);
    await expect(loadDataset(`${dataset.id}:${paths}colour=3`, { split: "test" })).rejects.toThrow(
      `There is no parameter of dataset "${dataset.id}" called "colour".`,
    );
  });
});

describe.each(datasets.filter(({ packings, paths }) => packings === undefined && paths === undefined))(
  "$id",
  (dataset) => {
    test.each(SPLITS)("draws its %s split", async (split) => {
      const set = await loadDataset(dataset.id, { split, limit: 3 });
      expect(set).toMatchObject({ count: 3, classes: dataset.classes, ...dataset.shape });
      expect(set.images).toHaveLength(3 * set.channels * set.height * set.width);
    });
  },
);

describe.each(datasets.filter(({ packings }) => packings !== undefined))("$id", (dataset) => {
  test("says which files are missing, where, and where to get them", async () => {
    const error: OnebasinError = await loadDataset(dataset.id, { split: "test", environment: nowhere }).catch((e) => e);
    expect(error.code).toBe("missing-data");
    expect(error.message).toContain(join("no", "such", "folder", dataset.id));
    for (const { files } of dataset.packings ?? []) {
      for (const { name } of files.test) expect(error.message).toContain(name);
    }
    expect(error.hint).toContain("ONEBASIN_DATA");
    const mirror = dataset.packings?.find((packing) => packing.mirror !== undefined)?.mirror;
    expect(error.hint).toContain(mirror ?? dataset.source);
  });
});

test("files without an environment", async () => {
  await expect(loadDataset("mnist", { split: "test" })).rejects.toThrow(
    "This dataset is read from files, and none can be read here.",
  );
});

test("a split that there is none of is refused, also where images are drawn", async () => {
  const load = loadDataset("pen", { split: "trian" as "train", limit: 1 });
  await expect(load).rejects.toMatchObject({
    message: 'There is no split of dataset "pen" called "trian".',
    hint: 'Did you mean "train"? Known: train, test.',
  });
});

test.each([0, 1.5, Number.NaN])("a limit of %s is refused", async (limit) => {
  await expect(loadDataset("pen", { split: "test", limit })).rejects.toThrow(
    `The limit of dataset "pen" is ${limit}; expected a whole number from 1.`,
  );
});
