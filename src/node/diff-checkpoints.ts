import { diffModels } from "../library/diff-models.js";
import type { DiffReport } from "../merge/diff/diff.js";
import { locator, type ModelInput } from "./checkpoints.js";
import { openFileBackend, type ThreadOptions } from "./open-file-backend.js";

/**
 * Compares two models: structure, distance key by key, and whether their units stand in the same order.
 *
 * @throws as `open`
 * @example
 * import { diff } from "onebasin";
 *
 * const { cosine, verdict } = await diff("mnist.pth", "svhn.pth");
 * console.log(cosine, verdict.text);
 */
export function diff(a: ModelInput, b: ModelInput, options: ThreadOptions = {}): Promise<DiffReport> {
  return diffModels(a, b, {
    ...locator,
    openBackend: (sources, work) => openFileBackend(sources, [], { ...options, ...work }),
  });
}
