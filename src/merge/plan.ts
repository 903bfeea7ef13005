import type { ByteSource } from "../checkpoint/byte-source.js";
import type { TensorEntry } from "../checkpoint/checkpoint.js";
import type { DType } from "../tensor/dtype.js";
import type { Shape } from "../tensor/shape.js";
import type { MatrixWork } from "./execute/job.js";
import type { Expression } from "./expression/expression.js";
import type { Role } from "./roles.js";
import type { RowRun } from "./row-run.js";

/** A tensor to read: an entry of one checkpoint, its sources numbered across the plan. */
export interface PlannedInput {
  readonly entry: TensorEntry;
  /** Index into the plan's `sources`. */
  readonly source: number;
  /** Where the rows of a table come from when they do not stand in the order of the file. */
  readonly rows?: readonly RowRun[];
}

/** How an output tensor comes about. */
export type PlannedAction =
  /** The first input's bytes, unchanged. */
  | { readonly kind: "copy" }
  /** A formula over the inputs; also a mere change of dtype. */
  | { readonly kind: "compute"; readonly expression: Expression }
  /** A method on the whole tensor as one matrix; the inputs are the models, the base, and the models' statistics. */
  | { readonly kind: "matrix"; readonly work: MatrixWork }
  /** Bytes that depend on no input, repeated for each element. */
  | { readonly kind: "constant"; readonly element: Uint8Array };

export interface PlannedTensor {
  readonly key: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Planned tensors with the same tie are one tensor under several keys. */
  readonly tie?: string;
  readonly role: Role;
  readonly inputs: readonly PlannedInput[];
  readonly action: PlannedAction;
  /** Places of inputs of which no number may be below 0. */
  readonly nonNegative?: readonly number[];
  /** Whether all inputs must hold the same bytes, which is looked at before anything is written. */
  readonly mustAgree?: boolean;
  /** In words, for `--dry-run`: `slerp t=0.3`, `copy of a`. */
  readonly how: string;
}

/** A model that can be written or read tensor by tensor: every check done, no number read yet. */
export interface TensorPlan {
  readonly tensors: readonly PlannedTensor[];
  readonly sources: readonly ByteSource[];
  /** How messages name each input of a tensor, by source. */
  readonly sourceNames: readonly string[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly moduleVersions?: ReadonlyMap<string, number>;
  /** Plain sentences for the user: what was decided, and what to watch out for. */
  readonly notes: readonly string[];
  readonly allowNonFinite: boolean;
}

/** Releases every file that a plan reads from. Safe to call twice. */
export async function closePlan(plan: TensorPlan): Promise<void> {
  await Promise.all(plan.sources.map((source) => source.close?.()));
}
