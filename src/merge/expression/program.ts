import type { Expression } from "./expression.js";
import type { ReductionName } from "./operations.js";

/**
 * One step on a block. Registers hold a block each; scalars are numbers known before the pass begins. Plain data,
 * so that it can be sent to a worker.
 */
export type Instruction =
  /** Reads and widens the block of an input. */
  | { readonly do: "load"; readonly out: number; readonly model: number }
  /** An elementwise kernel: out = f(args…). */
  | { readonly do: "apply"; readonly kernel: string; readonly out: number; readonly args: readonly number[] }
  /** out = scalar · a. */
  | { readonly do: "scale"; readonly out: number; readonly a: number; readonly scalar: number }
  /** out = a + scalar · b. */
  | { readonly do: "addScaled"; readonly out: number; readonly a: number; readonly b: number; readonly scalar: number }
  /** Adds to partial result `slot` of the pass. */
  | {
      readonly do: "reduce";
      readonly reduction: ReductionName;
      readonly args: readonly number[];
      readonly slot: number;
    }
  /** Rounds a register to the output's dtype. */
  | { readonly do: "store"; readonly a: number };

/** One sweep over the tensors. */
export interface Pass {
  /** Filled once, before the first block: registers that hold one number everywhere. */
  readonly fills: readonly { readonly register: number; readonly scalar: number }[];
  readonly instructions: readonly Instruction[];
  readonly registers: number;
  /** What each reduction slot joins with. */
  readonly reductions: readonly ReductionName[];
}

/** An expression made ready to run: sweeps in order, each after the numbers it needs are known. */
export interface Program {
  readonly passes: readonly Pass[];
  /** For each pass, the expressions of its scalars. They refer to reductions of earlier passes only. */
  readonly scalars: readonly (readonly Expression[])[];
  /** For each pass, the reduction expressions its slots stand for. */
  readonly reduced: readonly (readonly Expression[])[];
  /** Numbers that the caller asked for beside the output. */
  readonly results: readonly Expression[];
}
