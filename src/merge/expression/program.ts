import type { RandomStream } from "../../core/random.js";
import type { Expression, Rows } from "./expression.js";
import type { ReductionName, RowReductionName, TallyName } from "./operations.js";

/**
 * One step on a block. Registers hold a block each; scalars are numbers known before the pass begins. Plain data,
 * so that it can be sent to a worker.
 */
export type Instruction =
  /** Reads and widens the block of an input. */
  | { readonly do: "load"; readonly out: number; readonly model: number }
  /** Numbers in [0, 1) for the elements of the block. */
  | { readonly do: "random"; readonly out: number; readonly stream: RandomStream }
  /** An elementwise kernel: out = f(args…). */
  | { readonly do: "apply"; readonly kernel: string; readonly out: number; readonly args: readonly number[] }
  /** out = scalar · a. */
  | { readonly do: "scale"; readonly out: number; readonly a: number; readonly scalar: number }
  /** out = a + scalar · b. */
  | { readonly do: "addScaled"; readonly out: number; readonly a: number; readonly b: number; readonly scalar: number }
  /** out = a where |a| is above the threshold (a scalar), or equal to it while the quota of `take` lasts; else 0. */
  | { readonly do: "take"; readonly out: number; readonly a: number; readonly threshold: number; readonly take: number }
  /** The block's part of what a row register holds, one number for each element. */
  | { readonly do: "spread"; readonly out: number; readonly row: number }
  /** Keeps a register of truths (0 or 1) as bits for later passes, and gives them back; see `Pass.kept`. */
  | { readonly do: "keep"; readonly a: number; readonly place: number }
  | { readonly do: "recall"; readonly out: number; readonly place: number }
  /** The block's part of a granule buffer. */
  | { readonly do: "open"; readonly out: number; readonly buffer: number }
  | { readonly do: "save"; readonly a: number; readonly buffer: number }
  /** Adds to partial result `slot` of the pass. */
  | {
      readonly do: "reduce";
      readonly reduction: ReductionName;
      readonly args: readonly number[];
      readonly slot: number;
    }
  /** Counts digits into table `slot` of the pass; `high` is a scalar. */
  | {
      readonly do: "tally";
      readonly digit: TallyName;
      readonly a: number;
      readonly high?: number;
      readonly slot: number;
    }
  /** Rounds a register to the output's dtype. */
  | { readonly do: "store"; readonly a: number };

/** One step on all rows of a granule. Row registers hold one f64 a row, buffers one value an element. */
export type RowInstruction =
  | {
      readonly do: "reduce";
      readonly reduction: RowReductionName;
      readonly out: number;
      readonly buffers: readonly number[];
    }
  | { readonly do: "rank"; readonly out: number; readonly buffer: number }
  /** 1 where the second buffer is less than least + spread · rank in the first, else 0. */
  | {
      readonly do: "belowRank";
      readonly out: number;
      readonly buffers: readonly number[];
      readonly least: number;
      readonly spread: number;
    }
  /** Keeps a row register for later passes, and gives it back; see `Pass.kept`. */
  | { readonly do: "keep"; readonly a: number; readonly place: number }
  | { readonly do: "recall"; readonly out: number; readonly place: number }
  | { readonly do: "apply"; readonly kernel: string; readonly out: number; readonly args: readonly number[] }
  | { readonly do: "fill"; readonly out: number; readonly scalar: number };

/** What is done to a granule: first block by block, then to its rows. */
export interface Stage {
  readonly blocks: readonly Instruction[];
  readonly rows: readonly RowInstruction[];
}

/** Values that outlast a pass. */
export interface Kept {
  /** Number among those of the program. */
  readonly slot: number;
  /** A bit for each element, or an f64 for each row. */
  readonly extent: "tensor" | "row";
  /** Whether this pass finds them. */
  readonly isNew: boolean;
}

/** One sweep over the tensors. */
export interface Pass {
  /** Filled once, before the first block: registers that hold one number everywhere. */
  readonly fills: readonly { readonly register: number; readonly scalar: number }[];
  readonly stages: readonly Stage[];
  readonly registers: number;
  /** Of the length of a granule. */
  readonly buffers: number;
  readonly rowRegisters: number;
  /** What each reduction slot joins with. */
  readonly reductions: readonly ReductionName[];
  readonly tallies: readonly TallyName[];
  /** What it keeps for later passes, or has from earlier ones. */
  readonly kept: readonly Kept[];
}

/** Which elements equal to a threshold are taken: the first ones, so each job must know how many come before it. */
export interface Take {
  readonly threshold: Expression;
  readonly quota: Expression;
  readonly lowTally: Expression;
}

/** An expression made ready to run: sweeps in order, each after the numbers it needs are known. */
export interface Program {
  readonly passes: readonly Pass[];
  /** For each pass, the expressions of its scalars. They refer to reductions of earlier passes only. */
  readonly scalars: readonly (readonly Expression[])[];
  /** For each pass, the reduction expressions its slots stand for. */
  readonly reduced: readonly (readonly Expression[])[];
  readonly tallied: readonly (readonly Expression[])[];
  readonly takes: readonly (readonly Take[])[];
  /** Numbers that the caller asked for beside the output. */
  readonly results: readonly Expression[];
  /** Present when granules must hold whole rows. */
  readonly rows?: Rows;
}
