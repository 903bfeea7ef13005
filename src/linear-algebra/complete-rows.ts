import { dot } from "./dot.js";
import { type Matrix, rowOf } from "./matrix.js";

/**
 * Replaces rows by unit vectors at right angles to all others, so that every row of the matrix is one of an
 * orthonormal set.
 *
 * Cost: 8 · rows · cols operations for each vector tried, of which there are `cols` at most.
 *
 * @param matrix [rows, cols], rows ≤ cols; changed. Its rows from `from` on are replaced, those before are orthonormal
 */
export function completeRows(matrix: Matrix, from: number): void {
  const { rows, cols } = matrix;
  let done = from;
  // A unit vector is taken when enough of it lies outside the rows so far. What was passed over lies almost inside and
  // stays so, and what is left outside is spread over the others: they cannot run out.
  for (let axis = 0; axis < cols && done < rows; axis++) {
    const row = rowOf(matrix, done).fill(0);
    row[axis] = 1;
    for (let round = 0; round < 2; round++) {
      for (let other = 0; other < done; other++) removePart(row, rowOf(matrix, other));
      const square = dot(row, row);
      if (square < 1 / (2 * cols)) break;
      const norm = Math.sqrt(square);
      for (let k = 0; k < cols; k++) row[k] /= norm;
      if (round === 1) done++;
    }
  }
}

function removePart(row: Float64Array, unit: Float64Array): void {
  const along = dot(row, unit);
  for (let k = 0; k < row.length; k++) row[k] -= along * unit[k];
}
