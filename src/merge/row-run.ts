import type { DType } from "../tensor/dtype.js";

/** Rows that lie one after the other, times a number. */
export interface RowPart {
  /** Numbered across all checkpoints of a plan. */
  readonly source: number;
  /** Byte position of the first row. */
  readonly offset: number;
  readonly dtype: DType;
  readonly weight: number;
}

/** Consecutive rows of a table that is put together from several places. The runs of a table leave no gap. */
export interface RowRun {
  /** Number of the first row in the table. */
  readonly first: number;
  /** How many. */
  readonly rows: number;
  /** What they are the sum of; zeros where there is nothing. */
  readonly parts: readonly RowPart[];
}

/** The runs that rows [from, to) of a table come from. O(log n) and their count. */
export function runsWithin(runs: readonly RowRun[], from: number, to: number): readonly RowRun[] {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (runs[middle].first + runs[middle].rows <= from) low = middle + 1;
    else high = middle;
  }
  let end = low;
  while (end < runs.length && runs[end].first < to) end++;
  return runs.slice(low, end);
}
