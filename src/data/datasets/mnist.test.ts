import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sharedFolder } from "../../../test/support/shared-files.js";
import { createDatasetCache } from "../../node/dataset-cache.js";
import { loadDataset } from "../load-dataset.js";

const folder = join(sharedFolder, "data");

test.skipIf(!existsSync(join(folder, "mnist")))("the real MNIST, with a note about a file packed anew", async () => {
  const environment = createDatasetCache({ folder, offline: true });
  const test10 = await loadDataset("mnist", { split: "test", limit: 10, environment });
  expect([...test10.labels]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  expect(test10.images).toHaveLength(10 * 28 * 28);
  expect(test10.notes).toEqual([]);
  const train = await loadDataset("mnist", { split: "train", limit: 5, environment });
  expect([...train.labels]).toEqual([5, 0, 4, 1, 9]);
  expect(train.notes).toHaveLength(1);
  expect(train.notes[0]).toMatch(
    /train-images-idx3-ubyte\.gz is not the file that was published.*60000 images of 1 × 28 × 28/,
  );
});
