import { dot } from "./dot.js";
import type { Multiply } from "./load-multiply.js";
import { type Matrix, rowOf } from "./matrix.js";
import { rotateRows } from "./rotate-rows.js";
import { rowProducts } from "./row-products.js";

/** Sweeps over all pairs of rows; a handful suffices, as the rows come almost orthogonal. */
const MAX_SWEEPS = 40;

/**
 * Turns rows among themselves until they are at right angles (one-sided Jacobi), and those of another matrix along
 * with them. Rows shorter than `floor` are noise and left alone.
 *
 * Cost: rows² · cols operations a sweep, and 8·cols operations for each pair that is turned.
 *
 * @param matrix [rows, cols]; changed
 * @param along [rows, any]; changed
 */
export function orthogonalizeRows(
  matrix: Matrix,
  along: Matrix,
  { multiply, floor }: { readonly multiply: Multiply; readonly floor: number },
): void {
  const { rows, cols } = matrix;
  const tolerance = 8 * Number.EPSILON * Math.sqrt(cols);
  const isTilted = (product: number, a: number, b: number): boolean =>
    a > floor * floor && b > floor * floor && Math.abs(product) > tolerance * Math.sqrt(a * b);
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    const { values: gram } = rowProducts(matrix, { multiply });
    let turned = 0;
    for (let i = 0; i < rows; i++) {
      for (let j = i + 1; j < rows; j++) {
        if (!isTilted(gram[i * rows + j], gram[i * rows + i], gram[j * rows + j])) continue;
        const [a, b] = [rowOf(matrix, i), rowOf(matrix, j)];
        const [product, first, second] = [dot(a, b), dot(a, a), dot(b, b)];
        if (!isTilted(product, first, second)) continue;
        const rotation = turn(product, first, second);
        rotateRows(matrix, [i, j], rotation);
        rotateRows(along, [i, j], rotation);
        turned++;
      }
    }
    if (turned === 0) return;
  }
}

/** The smaller rotation that brings two rows to right angles. */
function turn(product: number, a: number, b: number): { readonly cosine: number; readonly sine: number } {
  const slope = (b - a) / (2 * product);
  const tangent = (slope < 0 ? -1 : 1) / (Math.abs(slope) + Math.sqrt(1 + slope * slope));
  const cosine = 1 / Math.sqrt(1 + tangent * tangent);
  return { cosine, sine: cosine * tangent };
}
