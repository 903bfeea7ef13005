/**
 * onebasin for pages: checkpoints are given as files, bytes or URLs, and merged where they are; nothing leaves the
 * page. All work runs on the calling thread: call it from a worker of your own to keep a page with large models
 * responsive.
 *
 * @example
 * import { merge, save } from "onebasin/browser";
 *
 * async function mergeChosen(files: readonly File[]): Promise<string> {
 *   const merged = await merge(files, { method: "mean" });
 *   return URL.createObjectURL(await save(merged, "mean.safetensors"));
 * }
 */
import type { Checkpoint } from "../checkpoint/checkpoint.js";
import { OnebasinError } from "../core/errors.js";
import type { OnProgress } from "../core/progress.js";
import { diffModels } from "../library/diff-models.js";
import { type LayoutPlanOptions, layoutPlan } from "../library/layout-plan.js";
import { type MergeModelsOptions, type ModelInputs, mergeModels } from "../library/merge-models.js";
import { type ModelInput as AnyModelInput, asPlan, type Locator } from "../library/model-input.js";
import { readStateDict } from "../library/read-state-dict.js";
import type { DiffReport } from "../merge/diff/diff.js";
import { createMemoryTarget } from "../merge/execute/memory-target.js";
import { writePlan } from "../merge/execute/write-plan.js";
import { closePlan, type TensorPlan } from "../merge/plan.js";
import type { FloatDType } from "../tensor/dtype.js";
import type { StateDict } from "../tensor/tensor.js";
import { isPageAddress, type OpenOptions, openAddress, type PageAddress } from "./open-address.js";

export * from "../library/index.js";
export type { OpenOptions, PageAddress } from "./open-address.js";

/** A model: where its checkpoint is, or one that is open already, or a state dict in memory. */
export type ModelInput = AnyModelInput<PageAddress>;

export type MergeOptions = MergeModelsOptions<PageAddress>;

export interface SaveOptions extends Omit<LayoutPlanOptions, "shardSize"> {
  /** Of floating-point tensors, when a checkpoint is converted; a merge has its own `dtype`. */
  readonly dtype?: FloatDType;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

const locator: Locator<PageAddress> = {
  what: "a File, bytes or a URL",
  isAddress: isPageAddress,
  open: (address) => openAddress(address),
};

/**
 * Opens a checkpoint of any format. Only headers are read of files; a URL is fetched whole.
 *
 * @throws `bad-file`, `unsafe-file`, `unsupported`, `missing-data`, `limit`, `io`
 */
export function open(address: PageAddress, options: OpenOptions = {}): Promise<Checkpoint> {
  return openAddress(address, options);
}

/**
 * Plans a merge: every check is done, and no number is read before the result is saved or turned into a state dict.
 *
 * @param models at least one, called `a`, `b`, `c`, … in expressions and rules; or an object that names them
 * @throws `mismatch`, `bad-argument`, `unknown-name`: all problems together; and as `open`
 */
export function merge(models: ModelInputs<PageAddress>, options: MergeOptions = {}): Promise<TensorPlan> {
  return mergeModels(models, options, locator);
}

/**
 * Carries out a merge, or converts a checkpoint or a state dict, into a file in memory, in the format of the file
 * name's extension.
 *
 * @param fileName without a folder: `merged.safetensors`
 * @throws `bad-argument`, `non-finite`, `mismatch`, `aborted`; `limit` when the browser has no room for the result
 */
export async function save(model: TensorPlan | ModelInput, fileName: string, options: SaveOptions = {}): Promise<File> {
  const plan = await asPlan(model, locator, { dtype: options.dtype });
  try {
    const { format, metadata, signal, onProgress } = options;
    const layout = layoutPlan(plan, fileName, { format, metadata });
    const target = roomFor(layout.files.map(({ size }) => size));
    await writePlan(plan, { layout, target, signal, onProgress });
    return new File([target.files[0] as Uint8Array<ArrayBuffer>], fileName);
  } finally {
    await closePlan(plan);
  }
}

function roomFor(sizes: readonly number[]): ReturnType<typeof createMemoryTarget> {
  try {
    return createMemoryTarget(sizes);
  } catch (cause) {
    const megabytes = Math.ceil(sizes.reduce((total, size) => total + size, 0) / 2 ** 20);
    throw new OnebasinError("limit", `The result takes ${megabytes} MiB, for which this browser has no room.`, {
      hint: "Merge models of this size with the command line.",
      cause,
    });
  }
}

/**
 * The tensors of a merge or of a checkpoint, in memory.
 *
 * @throws as `save`
 */
export function toStateDict(model: TensorPlan | ModelInput): Promise<StateDict> {
  return readStateDict(model, locator);
}

/** Compares two models: structure, distance key by key, and whether their units stand in the same order. */
export function diff(a: ModelInput, b: ModelInput): Promise<DiffReport> {
  return diffModels(a, b, {
    ...locator,
    // Nothing is written.
    openBackend: createMemoryTarget([]).openBackend,
  });
}
