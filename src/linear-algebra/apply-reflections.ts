import { dot } from "./dot.js";
import type { Multiply } from "./load-multiply.js";
import { type Block, type Matrix, rowOf, zeros } from "./matrix.js";

/** Reflections that are applied at once. */
const PANEL = 64;

export interface ApplyReflectionsOptions {
  /** [n, n or more]: row i holds the vector of reflection i, whose elements from place i on are 0. */
  readonly vectors: Matrix;
  /** [n] */
  readonly factors: Float64Array;
  readonly multiply: Multiply;
}

/**
 * Turns rows by the reflections that `tridiagonalize` made:
 *
 *     matrix = matrix · H₁ ⋯ Hₙ₋₁,   Hᵢ = 1 − factorᵢ · vectorᵢ · vectorᵢᵀ
 *
 * Several in a row are 1 − Vᵀ·T·V with their vectors as rows of V and a small triangle T.
 *
 * Cost: 2 · rows · n² operations, in products of matrices.
 *
 * @param matrix [rows, n]; changed
 * @source Schreiber and Van Loan, “A storage-efficient WY representation for products of Householder transformations”,
 * SIAM J. Sci. Stat. Comput. 10 (1989)
 */
export function applyReflections(matrix: Matrix, { vectors, factors, multiply }: ApplyReflectionsOptions): void {
  const n = factors.length;
  for (let start = 0; start < n; start += PANEL) {
    const count = Math.min(PANEL, n - start);
    const cols = start + count;
    const panel: Block = { of: vectors, row: start, column: 0, rows: count, cols };
    const touched: Block = { of: matrix, row: 0, column: 0, rows: matrix.rows, cols };
    const triangle = triangleOf(multiply(panel, panel, { transposeB: true }), factors.subarray(start, cols));
    const along = multiply(touched, panel, { transposeB: true });
    multiply(along, multiply(triangle, panel), { into: touched, factor: -1 });
  }
}

/** T, from the inner products of the vectors: each reflection adds a column. */
function triangleOf(products: Matrix, factors: Float64Array): Matrix {
  const n = factors.length;
  const triangle = zeros(n, n);
  for (let j = 0; j < n; j++) {
    const own = rowOf(products, j);
    for (let i = 0; i < j; i++) {
      triangle.values[i * n + j] = -factors[j] * dot(own, rowOf(triangle, i).subarray(0, j));
    }
    triangle.values[j * n + j] = factors[j];
  }
  return triangle;
}
