import { completeRows } from "./complete-rows.js";
import { dot } from "./dot.js";
import { largestMagnitude } from "./largest-magnitude.js";
import type { Multiply } from "./load-multiply.js";
import { type Matrix, rowOf, zeros } from "./matrix.js";
import { orthogonalizeRows } from "./orthogonalize-rows.js";
import { rowProducts } from "./row-products.js";
import { symmetricEigen } from "./symmetric-eigen.js";

/** matrix = leftᵀ · diag(singular) · right */
export interface Svd {
  /** From the largest down; 0 where nothing but rounding is left. */
  readonly singular: Float64Array;
  /** Row i is the unit left vector of value i: [rank, rows]. */
  readonly left: Matrix;
  /** Row i is the unit right vector of value i: [rank, cols]. */
  readonly right: Matrix;
}

/**
 * The singular value decomposition, in f64.
 *
 *     matrix = leftᵀ · diag(singular) · right
 *
 * The eigenvectors of the smaller Gram matrix turn the matrix into rows that are orthogonal but for what squaring
 * lost; one-sided Jacobi rotations finish them. Values come out right to a few roundings of the largest one, vectors
 * orthonormal to a few roundings.
 *
 * Cost: with k the smaller and l the larger side about 5·k³ + 6·k²·l operations, and 5·k² + 2·k·l numbers.
 *
 * @param matrix [rows, cols], finite; not changed
 * @param options.rank how many values and vectors to keep; the smaller side unless told
 * @source de Rijk, “A one-sided Jacobi algorithm for computing the singular value decomposition on a vector
 * computer”, SIAM J. Sci. Stat. Comput. 10 (1989); Golub and Van Loan, “Matrix Computations”, §8.3 and §8.6
 */
export async function svd(
  matrix: Matrix,
  options: { readonly multiply: Multiply; readonly rank?: number },
): Promise<Svd> {
  const { rows, cols } = matrix;
  const { multiply } = options;
  const isWide = rows <= cols;
  const count = Math.min(rows, cols);
  const rank = Math.min(count, options.rank ?? count);
  const scale = largestMagnitude(matrix.values);
  if (scale === 0) return ofZeros(matrix, rank);
  // Squares of numbers within these bounds neither overflow nor vanish.
  const factor = scale > 1e-100 && scale < 1e100 ? 1 : scale;
  const scaled: Matrix = factor === 1 ? matrix : { ...matrix, values: matrix.values.map((value) => value / factor) };
  const gram = rowProducts(scaled, { multiply, ofColumns: !isWide });
  const { vectors } = await symmetricEigen(gram, multiply);
  const turned = multiply(vectors, scaled, { transposeB: !isWide });
  const longest = Math.sqrt(rowSquares(turned).reduce((most, square) => Math.max(most, square), 0));
  const floor = longest * Number.EPSILON * Math.max(rows, cols);
  orthogonalizeRows(turned, vectors, { multiply, floor });
  const squares = rowSquares(turned);
  const order = [...squares.keys()].sort((a, b) => squares[b] - squares[a] || a - b).slice(0, rank);
  const norms = Float64Array.from(order, (i) => (Math.sqrt(squares[i]) > floor ? Math.sqrt(squares[i]) : 0));
  const small = pickRows(vectors, order);
  const large = pickRows(turned, order);
  for (let i = 0; i < rank; i++) {
    const row = rowOf(large, i);
    for (let k = 0; k < row.length; k++) row[k] /= norms[i] === 0 ? 1 : norms[i];
  }
  const nonZero = norms.indexOf(0);
  if (nonZero >= 0) completeRows(large, nonZero);
  const singular = norms.map((norm) => norm * factor);
  return isWide ? { singular, left: small, right: large } : { singular, left: large, right: small };
}

function rowSquares(matrix: Matrix): Float64Array {
  return Float64Array.from({ length: matrix.rows }, (_, i) => dot(rowOf(matrix, i), rowOf(matrix, i)));
}

function pickRows(matrix: Matrix, order: readonly number[]): Matrix {
  const picked = zeros(order.length, matrix.cols);
  for (const [to, from] of order.entries()) rowOf(picked, to).set(rowOf(matrix, from));
  return picked;
}

function ofZeros({ rows, cols }: Matrix, rank: number): Svd {
  const [left, right] = [zeros(rank, rows), zeros(rank, cols)];
  completeRows(left, 0);
  completeRows(right, 0);
  return { singular: new Float64Array(rank), left, right };
}
