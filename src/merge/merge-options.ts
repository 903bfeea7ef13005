import type { FloatDType } from "../tensor/dtype.js";

/** What happens to batch-norm statistics, counters and other buffers. */
export const BUFFER_POLICIES = ["merge", "first", "fresh"] as const;

/**
 * - `merge`: statistics by the same operation as the parameters (a variance never below 0)
 * - `first`: statistics of the first model
 * - `fresh`: mean 0, variance 1, counter 0: what copying `parameters()` into a new network gives
 */
export type BufferPolicy = (typeof BUFFER_POLICIES)[number];

export interface MergeOptions {
  /** Id of a method; `linear` unless told. Not together with `expression`. */
  readonly method?: string;
  /** A formula over the models' names: `a + 0.5*(b - base)`. */
  readonly expression?: string;
  /** Parameters of the method, as values or text. */
  readonly params?: Readonly<Record<string, unknown>>;
  /** Mixing weights, one a model (the base not counted). */
  readonly weights?: readonly number[];
  /** Exceptions, first match wins: `classifier.*: copy a`. */
  readonly rules?: readonly string[];
  readonly buffers?: BufferPolicy;
  /** Of floating-point tensors; the widest of the inputs unless told. */
  readonly dtype?: FloatDType;
  /** Of every random choice; 0 unless told. */
  readonly seed?: number;
  /** Merge although inputs hold NaN or infinity. */
  readonly allowNonFinite?: boolean;
}
