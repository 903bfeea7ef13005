import type { DType } from "../../../tensor/dtype.js";
import type { ElementwiseName } from "../../expression/operations.js";
import type { Instruction, Pass } from "../../expression/program.js";
import { VECTOR_FORMATS } from "./vector-formats.js";
import { VECTOR_OPERATIONS } from "./vector-operations.js";

/** Instructions of a pass that become one loop, and where it finds and leaves everything. Plain data. */
export interface Loop {
  readonly instructions: readonly Instruction[];
  /** As files hold them; by input of the job. */
  readonly inputs: readonly DType[];
  readonly output?: DType;
  /** Address of register 0, and the bytes from one to the next. */
  readonly registers: { readonly address: number; readonly step: number };
  /** Registers that hold one number for the whole pass. */
  readonly filled: readonly number[];
  /** Registers that are read after the loop. */
  readonly kept: readonly number[];
  /** Indices of loads and stores that look for what is not finite. */
  readonly checked: readonly number[];
  readonly results: Results;
}

/** What changes from job to job: one loop serves all whose instructions are the same. */
export interface LoopBinding {
  readonly scalars: readonly number[];
  /** Addresses. */
  readonly inputs: readonly number[];
  readonly output: number;
  readonly buffers: readonly number[];
}

/**
 * Where a loop leaves numbers, as f64: the block's part of each reduction slot, and behind them whether it doubts what it
 * did. Then the kernels must do the block instead: they count what is not finite, and write NaN as they should.
 */
export interface Results {
  readonly address: number;
  readonly reductions: number;
}

export const doubtAddress = ({ address, reductions }: Results): number =>
  address + reductions * Float64Array.BYTES_PER_ELEMENT;

/** Bytes of the results of a pass. */
export const resultBytes = (pass: Pass | undefined): number =>
  ((pass?.reductions.length ?? 0) + 1) * Float64Array.BYTES_PER_ELEMENT;

/**
 * Whether a loop's dot product can be relied on: no product left the range of f32, and those too small for it are nothing
 * beside the sum.
 */
export const isSafeDot = (found: number): boolean => Math.abs(found) >= 2 ** -90 && Number.isFinite(found);

/** Whether an instruction can be part of a loop; the others are calls of kernels. */
export function isFusible(
  instruction: Instruction,
  {
    inputs,
    output,
  }: { readonly inputs: readonly { readonly dtype: DType }[]; readonly output?: { readonly dtype: DType } },
): boolean {
  switch (instruction.do) {
    case "load":
      return VECTOR_FORMATS[inputs[instruction.model].dtype] !== undefined;
    case "store":
      return output !== undefined && VECTOR_FORMATS[output.dtype] !== undefined;
    case "apply":
      return VECTOR_OPERATIONS[instruction.kernel as ElementwiseName] !== undefined;
    case "scale":
    case "addScaled":
    case "open":
    case "save":
    case "reduce":
      return true;
    case "random":
    case "take":
    case "spread":
    case "keep":
    case "recall":
    case "tally":
      return false;
  }
}
