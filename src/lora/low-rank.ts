import { loadMultiply } from "../linear-algebra/load-multiply.js";
import { type Matrix, rowOf, zeros } from "../linear-algebra/matrix.js";
import { type Svd, svd } from "../linear-algebra/svd.js";
import { truncatedSvd } from "../linear-algebra/truncated-svd.js";
import type { Coverage } from "./adapter-plan.js";

/** Two factors of a matrix: matrix ≈ b · a, with `a` [rank, columns] and `b` [rows, rank], equally large. */
export interface LowRank {
  readonly a: Matrix;
  readonly b: Matrix;
  readonly coverage: Coverage;
}

/** Changes of a large network fall off slowly beyond a few directions: a better search would find hardly more. */
const ENOUGH = 1e-3;

/**
 * The nearest matrix of a rank, as two factors; of a large one (nearly) the nearest, by which a step of the search
 * found no more than a thousandth more.
 *
 * Cost: as `truncatedSvd`.
 *
 * @source Eckart and Young, “The approximation of one matrix by another of lower rank”, Psychometrika 1 (1936)
 */
export async function lowRank({ rows, cols, values }: Matrix, rank: number): Promise<LowRank> {
  const found = await truncatedSvd(values, { rows, cols, rank, enough: ENOUGH });
  return fromSvd(found, { rank, total: sumOfSquares(values) });
}

/**
 * The nearest matrix of a rank to a product left · right that is never formed: the values of the product are those of
 * a small matrix between the two factors' own vectors.
 *
 * Cost: O((rows + columns) · inner²).
 *
 * @param left [rows, inner] @param right [inner, columns]
 */
export async function lowRankOfProduct(left: Matrix, right: Matrix, rank: number): Promise<LowRank> {
  const multiply = await loadMultiply();
  const [outer, inner] = [await svd(left, { multiply }), await svd(right, { multiply })];
  const core = multiply(scaledRows(outer.right, outer.singular), scaledRows(inner.left, inner.singular), {
    transposeB: true,
  });
  const found = await svd(core, { multiply });
  const kept = Math.min(rank, found.singular.length);
  const first = ({ cols, values }: Matrix): Matrix => ({ rows: kept, cols, values: values.slice(0, kept * cols) });
  const whole: Svd = {
    singular: found.singular.slice(0, kept),
    left: multiply(first(found.left), outer.left),
    right: multiply(first(found.right), inner.right),
  };
  return fromSvd(whole, { rank, total: sumOfSquares(found.singular) });
}

/** Directions beyond the matrix's own become zeros, so that factors have the rank asked for. */
function fromSvd(
  { singular, left, right }: Svd,
  { rank, total }: { readonly rank: number; readonly total: number },
): LowRank {
  const [a, b] = [zeros(rank, right.cols), zeros(left.cols, rank)];
  for (const [k, value] of singular.entries()) {
    const root = Math.sqrt(value);
    const [from, to] = [rowOf(right, k), rowOf(a, k)];
    for (let j = 0; j < to.length; j++) to[j] = root * from[j];
    const column = rowOf(left, k);
    for (let i = 0; i < column.length; i++) b.values[i * rank + k] = root * column[i];
  }
  // Rounding must not make the part larger than the whole.
  return { a, b, coverage: { total, covered: Math.min(total, sumOfSquares(singular)) } };
}

function scaledRows(matrix: Matrix, factors: Float64Array): Matrix {
  return { ...matrix, values: matrix.values.map((value, i) => value * factors[Math.floor(i / matrix.cols)]) };
}

function sumOfSquares(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] * values[i];
  return sum;
}
