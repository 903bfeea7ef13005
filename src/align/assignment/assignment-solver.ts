import { OnebasinError } from "../../core/errors.js";
import { align, type Kernels, loadKernels } from "../../kernels/load-kernels.js";
import { checkFinite } from "./check-finite.js";

/** The scores of more units than this would take a gigabyte, and their assignment minutes. */
const MAX_UNITS = 16384;

export interface AssignOptions {
  /**
   * Prices of the columns from an earlier assignment of nearly the same scores; changed to those of this one. Begins
   * the search where the earlier one ended; the result is as good without. Square scores only.
   */
  readonly prices?: Float64Array;
}

/** Solves assignments one after the other in memory of its own. */
export interface AssignmentSolver {
  /**
   * Gives each row a column of its own so that the sum of their scores is largest.
   *
   *     order = argmax over injections p of Σ_i scores[i, p(i)]
   *
   * Cost: O(rows² · columns) at worst; seconds for 4096 × 4096.
   *
   * @param scores [rows, columns], row by row, rows ≤ columns, all finite
   * @returns the column of each row
   * @throws `non-finite`, `limit`, `bad-argument`
   * @source Jonker and Volgenant, "A shortest augmenting path algorithm for dense and sparse linear assignment
   * problems", Computing 38 (1987); the sums are those of `scipy.optimize.linear_sum_assignment`
   */
  assign(
    scores: Float32Array,
    size: { readonly rows: number; readonly columns: number },
    options?: AssignOptions,
  ): Uint32Array;
}

export async function createAssignmentSolver(): Promise<AssignmentSolver> {
  const kernels = await loadKernels(0);
  return {
    assign(scores, { rows, columns }, { prices } = {}) {
      checkScores(scores, rows, columns, prices);
      if (rows === 0) return new Uint32Array(0);
      return solve(kernels, scores, { rows, columns, prices });
    },
  };
}

function solve(
  { memory, functions, heapBase }: Kernels,
  scores: Float32Array,
  { rows, columns, prices }: { readonly rows: number; readonly columns: number; readonly prices?: Float64Array },
): Uint32Array {
  let end = heapBase;
  const place = (bytes: number): number => {
    const at = end;
    end = align(end + bytes);
    return at;
  };
  const [at, duals] = [place(scores.byteLength), place(columns * 8)];
  const [columnOf, rowOf] = [place(rows * 4), place(columns * 4)];
  const work = place(functions.assign_work(rows, columns));
  const missing = Math.ceil((end - memory.buffer.byteLength) / 65536);
  if (missing > 0) memory.grow(missing);
  new Float32Array(memory.buffer, at, scores.length).set(scores);
  const held = new Float64Array(memory.buffer, duals, columns);
  // Prices of columns that stay without a row must be 0, which holds only where none does.
  const isWarm = prices !== undefined && rows === columns && prices.some((price) => price !== 0);
  held.fill(0);
  if (isWarm) held.set(prices);
  functions.assign_f32(at, rows, columns, duals, isWarm ? 1 : 0, columnOf, rowOf, work);
  prices?.set(held);
  return new Uint32Array(memory.buffer, columnOf, rows).slice();
}

function checkScores(scores: Float32Array, rows: number, columns: number, prices: Float64Array | undefined): void {
  if (columns > MAX_UNITS) {
    throw new OnebasinError("limit", `A group of ${columns} units is too large to match; the most is ${MAX_UNITS}.`);
  }
  if (scores.length !== rows * columns || rows > columns || (prices !== undefined && prices.length !== columns)) {
    throw new OnebasinError(
      "bad-argument",
      `${scores.length} scores are not ${rows} rows of ${columns} columns, at least as many.`,
    );
  }
  checkFinite(scores, { columns });
}
