/**
 * onebasin for Node: checkpoints are given as paths, written as files, and merged on all cores.
 *
 * @example
 * import { diff, merge, open, save } from "onebasin";
 *
 * const merged = await merge(["mnist.pth", "svhn.pth"], { method: "sum" });
 * await save(merged, "sum.pth");
 */
import { type Checkpoint, closeCheckpoint } from "../checkpoint/checkpoint.js";
import { stateDictCheckpoint } from "../checkpoint/state-dict-checkpoint.js";
import { type DiffReport, diff as diffCheckpoints } from "../merge/diff/diff.js";
import { readPlan } from "../merge/execute/read-plan.js";
import type { WriteReport } from "../merge/execute/write-plan.js";
import type { MergeOptions as PlanOptions } from "../merge/merge-options.js";
import { modelName } from "../merge/model-name.js";
import type { TensorPlan } from "../merge/plan.js";
import { planConvert } from "../merge/plan-convert.js";
import { planMerge } from "../merge/plan-merge.js";
import type { FloatDType } from "../tensor/dtype.js";
import type { StateDict } from "../tensor/tensor.js";
import { openFileBackend, type ThreadOptions } from "./open-file-backend.js";
import { openPath } from "./open-path.js";
import { type SaveOptions as PlanSaveOptions, savePlan } from "./save-plan.js";

export type { Checkpoint, TensorEntry } from "../checkpoint/checkpoint.js";
export { closeCheckpoint } from "../checkpoint/checkpoint.js";
export { readTensor } from "../checkpoint/read-tensor.js";
export { type ErrorCode, OnebasinError } from "../core/errors.js";
export type { OnProgress, ProgressEvent } from "../core/progress.js";
export type { DiffReport, KeyDistance } from "../merge/diff/diff.js";
export type { WriteReport } from "../merge/execute/write-plan.js";
export type { BufferPolicy } from "../merge/merge-options.js";
export type { MergeMethod } from "../merge/method.js";
export { methods } from "../merge/methods.gen.js";
export type { PlannedTensor, TensorPlan } from "../merge/plan.js";
export type { DType, FloatDType } from "../tensor/dtype.js";
export { createTensor, type StateDict, type Tensor, tensorNumbers } from "../tensor/tensor.js";

/** A checkpoint: its path, or one that is open already, or a state dict in memory. */
export type ModelInput = string | Checkpoint | StateDict;

export interface OpenOptions {
  /** Which nested state dict to take, when a file holds several: `model_state_dict`. */
  readonly entry?: string;
}

export interface MergeOptions extends PlanOptions {
  /** The common ancestor, for methods of task vectors; called `base` in expressions and rules. */
  readonly base?: ModelInput;
}

export interface SaveOptions extends PlanSaveOptions {
  /** Of floating-point tensors, when a checkpoint is converted; a merge has its own `dtype`. */
  readonly dtype?: FloatDType;
}

/**
 * Opens a checkpoint of any format: a file, the index of a sharded one, or a folder that holds one. Reads headers
 * only; files are opened again when numbers are asked for.
 *
 * @throws `missing-data`, `bad-file`, `unsafe-file`, `unsupported`, `limit`, `io`
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
 */
export async function merge(
  models: readonly ModelInput[] | Readonly<Record<string, ModelInput>>,
  options: MergeOptions = {},
): Promise<TensorPlan> {
  const { base, ...planOptions } = options;
  const named = Array.isArray(models)
    ? (models as readonly ModelInput[]).map((model, i) => [modelName(i), model] as const)
    : Object.entries(models as Readonly<Record<string, ModelInput>>);
  const opened = await Promise.all(
    named.map(async ([name, model]) => ({ name, checkpoint: await asCheckpoint(model, name) })),
  );
  return planMerge(opened, { ...planOptions, base: base === undefined ? undefined : await asCheckpoint(base, "base") });
}

/**
 * Writes a merge, a checkpoint or a state dict to a file, in the format of the path's extension. The file appears
 * when it is complete.
 *
 * @throws `bad-argument`, `non-finite`, `mismatch`, `io`, `aborted`
 */
export async function save(
  model: TensorPlan | ModelInput,
  path: string,
  options: SaveOptions = {},
): Promise<WriteReport> {
  const plan = await asPlan(model, options.dtype);
  try {
    return await savePlan(plan, path, options);
  } finally {
    await Promise.all(plan.sources.map((source) => source.close?.()));
  }
}

/** The tensors of a merge or of a checkpoint, in memory. */
export async function toStateDict(model: TensorPlan | ModelInput): Promise<StateDict> {
  const plan = await asPlan(model);
  try {
    return await readPlan(plan);
  } finally {
    await Promise.all(plan.sources.map((source) => source.close?.()));
  }
}

/** Compares two models: structure, distance key by key, and whether their units stand in the same order. */
export async function diff(a: ModelInput, b: ModelInput, options: ThreadOptions = {}): Promise<DiffReport> {
  const [first, second] = [await asCheckpoint(a, "a"), await asCheckpoint(b, "b")];
  try {
    return await diffCheckpoints(first, second, (work) =>
      openFileBackend([...first.sources, ...second.sources], [], { ...options, ...work }),
    );
  } finally {
    await Promise.all([closeCheckpoint(first), closeCheckpoint(second)]);
  }
}

async function asCheckpoint(model: ModelInput, name: string): Promise<Checkpoint> {
  if (typeof model === "string") return open(model);
  return model instanceof Map ? stateDictCheckpoint(name, model) : (model as Checkpoint);
}

async function asPlan(model: TensorPlan | ModelInput, dtype?: FloatDType): Promise<TensorPlan> {
  if (typeof model === "object" && "tensors" in model) return model;
  return planConvert(await asCheckpoint(model, "a"), { dtype });
}
