import { OnebasinError } from "../../core/errors.js";
import type { Rows } from "../expression/expression.js";
import { GRANULE } from "./job.js";

/** Elements of a granule of rows, about: it has buffers of f32 too, which should stay near a core. */
const ROWS_GRANULE = 2 ** 16;

/** Elements of the longest row: a granule holds at least one, in every input and buffer of every thread. */
const MAX_ROW = 2 ** 22;

/**
 * Elements of one granule of a tensor; where it goes by rows, as many whole ones as come nearest to `ROWS_GRANULE`, and
 * where possible a multiple of four of them, so that random numbers are drawn four at a time.
 *
 * @throws `limit` when a row is too long
 */
export function granuleOf(rows: Rows | undefined, key: string): number {
  if (rows === undefined) return GRANULE;
  const unit = Math.max(1, rows.length * rows.inner);
  if (unit > MAX_ROW) {
    throw new OnebasinError("limit", `Key "${key}" has rows of ${unit} elements; at most ${MAX_ROW} fit in memory.`, {
      hint: "Use a method that takes each tensor as a whole for this key, or copy it: --rule 'KEY: copy a'",
    });
  }
  const fit = Math.max(1, Math.floor(ROWS_GRANULE / unit));
  return (fit >= 4 ? fit - (fit % 4) : fit) * unit;
}
