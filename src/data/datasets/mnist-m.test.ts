import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { sharedFolder } from "../../../test/support/shared-files.js";
import { createDatasetCache } from "../../node/dataset-cache.js";
import { loadDataset } from "../load-dataset.js";

const folder = join(sharedFolder, "data");

test.skipIf(!existsSync(join(folder, "mnist-m")))("the real MNIST-M, as SciPy reads it", async () => {
  const environment = createDatasetCache({ folder, offline: true });
  const found = await loadDataset("mnist-m", { split: "test", limit: 1000, environment });
  expect([...found.labels.subarray(0, 12)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9, 0, 6]);
  expect(found.images.subarray(0, 1_000_000).reduce((sum, byte) => sum + byte, 0)).toBe(115_315_679);
});
