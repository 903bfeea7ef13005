import { OnebasinError } from "../core/errors.js";
import { unknownName } from "../core/suggest.js";
import type { DatasetEnvironment } from "./dataset-environment.js";
import { type ImageSet, SPLITS, type Split } from "./image-set.js";
import { parseDatasetName } from "./parse-dataset-name.js";

export interface LoadDatasetOptions {
  readonly split: Split;
  /** The first so many images in file order; a whole number from 1; all of them when absent. */
  readonly limit?: number;
  /** For the datasets that are drawn; an option in the name (`pen:seed=3`) goes before it; default 0. */
  readonly seed?: number;
  /** Where files come from; the built-in digits need none. */
  readonly environment?: DatasetEnvironment;
}

/**
 * Loads one split of a dataset into memory, fetching its files on first use.
 *
 * @param name as in `--data`: `mnist`, `pen:seed=3`, `folder:DIR`
 * @throws {OnebasinError} `unknown-name`, `bad-argument`, `missing-data`, `bad-file`, `limit`, `io`
 * @example
 * const digits = await loadDataset("pen", { split: "train", limit: 1000 });
 */
export async function loadDataset(name: string, options: LoadDatasetOptions): Promise<ImageSet> {
  const { split, limit, seed = 0, environment = NO_FILES } = options;
  if (limit !== undefined && (!Number.isInteger(limit) || limit < 1)) {
    throw new OnebasinError(
      "bad-argument",
      `The limit of dataset "${name}" is ${limit}; expected a whole number from 1.`,
    );
  }
  if (!SPLITS.includes(split)) throw unknownName(`split of dataset "${name}" called`, split, SPLITS);
  const { dataset, paths, values } = parseDatasetName(name);
  return dataset.load({ name, split, limit, seed, paths, values, environment });
}

const refuse = async (): Promise<never> => {
  throw new OnebasinError("missing-data", "This dataset is read from files, and none can be read here.", {
    hint: "Pass an environment: loadDataset(name, { split, environment: createDatasetCache() }).",
  });
};

const NO_FILES: DatasetEnvironment = {
  openDatasetFiles: refuse,
  openFile: refuse,
  listFolder: refuse,
  joinPath: (folder, name) => `${folder}/${name}`,
};
