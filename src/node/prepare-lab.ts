import type { OnProgress } from "../core/progress.js";
import { type Lab, openLab } from "../lab/open-lab.js";
import type { Given } from "../lab/settings/given.js";
import { resolveSettings } from "../lab/settings/resolve-settings.js";
import { createDatasetCache } from "./dataset-cache.js";
import { type LabFolder, openLabFolder } from "./lab-folder.js";
import { loadArchitecture } from "./load-architecture.js";
import { onnxRuntime } from "./onnx-runtime.js";
import { version } from "./version.js";

export interface PrepareLabOptions {
  readonly threads?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

/** An experiment of which nothing has run yet, or all, or anything between. */
export interface PreparedLab {
  readonly lab: Lab;
  readonly folder: LabFolder;
}

/**
 * Checks the settings of an experiment, loads its network and images, and opens its folder.
 *
 * @throws `bad-argument`, `unknown-name`, `mismatch`: all that is wrong with the settings at once; `missing-data`, `io`
 */
export async function prepareLab(path: string, given: Given, options: PrepareLabOptions): Promise<PreparedLab> {
  const told = resolveSettings(given);
  const { name, network } = await loadArchitecture(told.arch);
  const lab = await openLab({
    ...options,
    settings: { ...told, arch: name },
    network,
    version,
    runtime: onnxRuntime,
    environment: createDatasetCache(options),
  });
  return { lab, folder: await openLabFolder(path, { architecture: name }) };
}
