import type { ImageSet } from "../data/image-set.js";
import type { LoadDatasetOptions } from "../data/load-dataset.js";
import type { CliCall } from "./command.js";

/** Loads datasets by their names, and says what there is to know about where they came from. */
export async function loadDatasets(
  names: readonly string[],
  { call, ...options }: Omit<LoadDatasetOptions, "environment"> & { readonly call: Pick<CliCall, "output" | "signal"> },
): Promise<ImageSet[]> {
  const { createDatasetCache } = await import("../node/dataset-cache.js");
  const { loadDataset } = await import("../data/load-dataset.js");
  const { output, signal } = call;
  const environment = createDatasetCache({ onProgress: output.onProgress, signal });
  const sets: ImageSet[] = [];
  for (const name of names) {
    const images = await loadDataset(name, { ...options, environment });
    for (const note of images.notes) output.note(note);
    sets.push(images);
  }
  return sets;
}
