import type { Multiply } from "./load-multiply.js";
import { type Matrix, zeros } from "./matrix.js";

/** Rows of the triangle that are found at once: what is found above the diagonal is wasted work. */
const STRIP = 128;

/**
 * The inner products of all pairs of rows (the Gram matrix):
 *
 *     matrix · matrixᵀ,   or matrixᵀ · matrix of columns
 *
 * of which the lower triangle is computed and the upper one is its mirror.
 *
 * Cost: rows² · cols operations, half of those of a product.
 */
export function rowProducts(
  matrix: Matrix,
  { multiply, ofColumns = false }: { readonly multiply: Multiply; readonly ofColumns?: boolean },
): Matrix {
  const [n, depth] = ofColumns ? [matrix.cols, matrix.rows] : [matrix.rows, matrix.cols];
  const products = zeros(n, n);
  const vectors = (first: number, count: number) =>
    ofColumns
      ? { of: matrix, row: 0, column: first, rows: depth, cols: count }
      : { of: matrix, row: first, column: 0, rows: count, cols: depth };
  for (let row = 0; row < n; row += STRIP) {
    const rows = Math.min(STRIP, n - row);
    const into = { of: products, row, column: 0, rows, cols: row + rows };
    multiply(vectors(row, rows), vectors(0, row + rows), { transposeA: ofColumns, transposeB: !ofColumns, into });
  }
  const { values } = products;
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) values[j * n + i] = values[i * n + j];
  return products;
}
