import type { Multiply } from "./load-multiply.js";
import type { Matrix } from "./matrix.js";
import { svd } from "./svd.js";

/**
 * The matrix with orthonormal rows (or columns, where there are more rows) that is nearest to a matrix: the answer to
 * Procrustes' problem.
 *
 *     matrix = left · diag(singular) · right,   nearest = left · right
 *
 * Cost: that of `svd`, and 2 · rows · cols · min(rows, cols) operations.
 *
 * @source Schönemann, “A generalized solution of the orthogonal Procrustes problem”, Psychometrika 31 (1966)
 */
export async function polarFactor(matrix: Matrix, multiply: Multiply): Promise<Matrix> {
  const { left, right } = await svd(matrix, { multiply });
  return multiply(left, right, { transposeA: true });
}
