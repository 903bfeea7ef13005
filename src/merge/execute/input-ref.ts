import { elementCount } from "../../tensor/shape.js";
import type { PlannedInput } from "../plan.js";
import { runsWithin } from "../row-run.js";
import type { InputRef } from "./job.js";

/** Where a planned input is read from. */
export const inputRefOf = ({ entry, source, rows }: PlannedInput): InputRef => ({ ...entry, source, rows });

/** The same for elements [start, end) alone: a table may have hundreds of thousands of runs, and a job reads few. */
export function inputRefWithin(input: InputRef, start: number, end: number): InputRef {
  if (input.rows === undefined) return input;
  const width = elementCount(input.shape.slice(1));
  return { ...input, rows: runsWithin(input.rows, Math.floor(start / width), Math.ceil(end / width)) };
}
