import type { Multiply } from "./load-multiply.js";
import { type Matrix, zeros } from "./matrix.js";

/** Rows and columns that are worked on one by one; all that lies between is products of matrices. */
const BLOCK = 96;

/**
 * Solves X · matrix = sides for a symmetric positive definite matrix, by Cholesky's decomposition in blocks.
 *
 * Cost: n³/3 + 2 · rows · n² operations, n² + rows · n numbers.
 *
 * @param matrix [n, n]; only its lower triangle is read; not changed
 * @param sides [rows, n]; not changed
 * @returns X [rows, n], or `undefined` when the matrix is not positive definite
 */
export function solveSymmetric(matrix: Matrix, sides: Matrix, multiply: Multiply): Matrix | undefined {
  const lower: Matrix = { ...matrix, values: matrix.values.slice() };
  if (!factor(lower, multiply)) return undefined;
  const solution: Matrix = { ...sides, values: sides.values.slice() };
  const n = lower.rows;
  const all = { start: 0, end: solution.rows };
  const blocks = Array.from({ length: Math.ceil(n / BLOCK) }, (_, i) => ({
    start: i * BLOCK,
    end: Math.min(n, (i + 1) * BLOCK),
  }));
  for (const block of blocks) {
    const known = { start: 0, end: block.start };
    subtractProduct(solution, { rows: all, cols: block }, [part(solution, all, known), part(lower, block, known)], {
      multiply,
      transposeB: true,
    });
    for (let row = 0; row < solution.rows; row++) solveForward(solution, row, lower, block);
  }
  for (const block of blocks.reverse()) {
    const known = { start: block.end, end: n };
    subtractProduct(solution, { rows: all, cols: block }, [part(solution, all, known), part(lower, known, block)], {
      multiply,
      transposeB: false,
    });
    for (let row = 0; row < solution.rows; row++) solveBackward(solution, row, lower, block);
  }
  return solution;
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Replaces the lower triangle by the factor L of L·Lᵀ; says whether there is one. */
function factor(matrix: Matrix, multiply: Multiply): boolean {
  const n = matrix.rows;
  for (let start = 0; start < n; start += BLOCK) {
    const block = { start, end: Math.min(n, start + BLOCK) };
    const below = { start, end: n };
    const known = { start: 0, end: start };
    const factors = [part(matrix, below, known), part(matrix, block, known)] as const;
    subtractProduct(matrix, { rows: below, cols: block }, factors, { multiply, transposeB: true });
    for (let row = start; row < n; row++) {
      const last = Math.min(row, block.end);
      solveForward(matrix, row, matrix, { start, end: last });
      if (row >= block.end) continue;
      const from = row * n;
      let square = matrix.values[from + row];
      for (let k = start; k < row; k++) square -= matrix.values[from + k] ** 2;
      if (!(square > 0)) return false;
      matrix.values[from + row] = Math.sqrt(square);
    }
  }
  return true;
}

/** Finds y of y · Lᵀ = b for one row and one block of L's diagonal, in place. */
function solveForward(sides: Matrix, row: number, lower: Matrix, { start, end }: Range): void {
  const from = row * sides.cols;
  for (let j = start; j < end; j++) {
    const other = j * lower.cols;
    let value = sides.values[from + j];
    for (let k = start; k < j; k++) value -= sides.values[from + k] * lower.values[other + k];
    sides.values[from + j] = value / lower.values[other + j];
  }
}

/** Finds x of x · L = y for one row and one block of L's diagonal, in place. */
function solveBackward(sides: Matrix, row: number, lower: Matrix, { start, end }: Range): void {
  const from = row * sides.cols;
  for (let j = end - 1; j >= start; j--) {
    const other = j * lower.cols;
    const value = sides.values[from + j] / lower.values[other + j];
    sides.values[from + j] = value;
    for (let k = start; k < j; k++) sides.values[from + k] -= value * lower.values[other + k];
  }
}

function part({ cols, values }: Matrix, rows: Range, columns: Range): Matrix {
  const out = zeros(rows.end - rows.start, columns.end - columns.start);
  for (let i = rows.start; i < rows.end; i++) {
    const from = i * cols;
    out.values.set(values.subarray(from + columns.start, from + columns.end), (i - rows.start) * out.cols);
  }
  return out;
}

function subtractProduct(
  target: Matrix,
  place: { readonly rows: Range; readonly cols: Range },
  [a, b]: readonly [Matrix, Matrix],
  { multiply, transposeB }: { readonly multiply: Multiply; readonly transposeB: boolean },
): void {
  if (a.cols === 0) return;
  const product = multiply(a, b, { transposeB });
  for (let i = 0; i < product.rows; i++) {
    const to = (place.rows.start + i) * target.cols + place.cols.start;
    for (let j = 0; j < product.cols; j++) target.values[to + j] -= product.values[i * product.cols + j];
  }
}
