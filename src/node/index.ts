/**
 * onebasin for Node: checkpoints are given as paths, written as files, and merged on all cores.
 *
 * @example
 * import { merge, save } from "onebasin";
 *
 * const merged = await merge(["mnist.pth", "svhn.pth"], { method: "sum" });
 * await save(merged, "sum.pth");
 */
export * from "../library/index.js";
export {
  type MergeOptions,
  type ModelInput,
  merge,
  type OpenOptions,
  open,
  type SaveOptions,
  save,
  toStateDict,
} from "./checkpoints.js";
export { diff } from "./diff-checkpoints.js";
export { applyAdapters, extractAdapter, mergeAdapters } from "./lora.js";
export { type OpenedRecipe, openRecipe, saveRecipe } from "./merge-recipe.js";
