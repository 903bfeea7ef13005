/** Checkpoints as files: opened, merged, written. */
import { type Checkpoint, closeCheckpoint } from "../checkpoint/checkpoint.js";
import { type MergeModelsOptions, type ModelInputs, mergeModels } from "../library/merge-models.js";
import { type ModelInput as AnyModelInput, asPlan, type Locator } from "../library/model-input.js";
import { readStateDict } from "../library/read-state-dict.js";
import type { WriteReport } from "../merge/execute/write-plan.js";
import { closePlan, type TensorPlan } from "../merge/plan.js";
import type { FloatDType } from "../tensor/dtype.js";
import type { StateDict } from "../tensor/tensor.js";
import { openPath } from "./open-path.js";
import { type SavePlanOptions, savePlan } from "./save-plan.js";

/** A checkpoint: its path, or one that is open already, or a state dict in memory. */
export type ModelInput = AnyModelInput<string>;

export interface OpenOptions {
  /** Which nested state dict to take, when a file holds several: `model_state_dict`. */
  readonly entry?: string;
}

export type MergeOptions = MergeModelsOptions<string>;

export interface SaveOptions extends SavePlanOptions {
  /** Of floating-point tensors, when a checkpoint is converted; a merge has its own `dtype`. */
  readonly dtype?: FloatDType;
}

/** How models are found that are given as paths. */
export const locator: Locator<string> = {
  what: "a path",
  isAddress: (input) => typeof input === "string",
  open: (path) => open(path),
};

/**
 * Opens a checkpoint of any format: a file, the index of a sharded one, or a folder that holds one. Reads headers
 * only; files are opened again when numbers are asked for.
 *
 * @throws `missing-data`, `bad-file`, `unsafe-file`, `unsupported`, `limit`, `io`
 * @example
 * import { open } from "onebasin";
 *
 * const { entries } = await open("mnist.pth");
 * for (const { key, shape, dtype } of entries.values()) console.log(key, shape, dtype);
 */
export async function open(path: string, options: OpenOptions = {}): Promise<Checkpoint> {
  const checkpoint = await openPath(path, options);
  await closeCheckpoint(checkpoint);
  return checkpoint;
}

/**
 * Plans a merge: every check is done, and no number is read before the result is saved or turned into a state dict.
 *
 * @param models at least one, called `a`, `b`, `c`, … in expressions and rules; or an object that names them
 * @throws `mismatch`, `bad-argument`, `unknown-name`: all problems together; and as `open`
 * @example
 * import { merge, save } from "onebasin";
 *
 * const merged = await merge({ digits: "mnist.pth", houses: "svhn.pth" }, {
 *   expression: "0.3*digits + 0.7*houses",
 *   rules: ["classifier.*: copy digits"],
 * });
 * for (const { key, how } of merged.tensors) console.log(key, how);
 * await save(merged, "mixed.safetensors");
 */
export function merge(models: ModelInputs<string>, options: MergeOptions = {}): Promise<TensorPlan> {
  return mergeModels(models, options, locator);
}

/**
 * Writes a merge, a checkpoint or a state dict to a file, in the format of the path's extension. The file appears
 * when it is complete.
 *
 * @throws `bad-argument`, `non-finite`, `mismatch`, `io`, `aborted`
 * @example
 * import { createTensor, save } from "onebasin";
 *
 * const state = new Map([["weight", createTensor("f32", [2, 2], [1, 0, 0, 1])]]);
 * await save(state, "identity.pth");
 */
export async function save(
  model: TensorPlan | ModelInput,
  path: string,
  options: SaveOptions = {},
): Promise<WriteReport> {
  const plan = await asPlan(model, locator, { dtype: options.dtype });
  try {
    return await savePlan(plan, path, options);
  } finally {
    await closePlan(plan);
  }
}

/**
 * The tensors of a merge or of a checkpoint, in memory.
 *
 * @throws as `save`
 * @example
 * import { merge, tensorNumbers, toStateDict } from "onebasin";
 *
 * const merged = await merge(["mnist.pth", "svhn.pth"], { method: "slerp", params: { t: 0.3 } });
 * const state = await toStateDict(merged);
 * for (const [key, tensor] of state) console.log(key, tensorNumbers(tensor)[0]);
 */
export function toStateDict(model: TensorPlan | ModelInput): Promise<StateDict> {
  return readStateDict(model, locator);
}
