/** What the library is made of wherever it runs. */
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
