import { dot, type Expression } from "../expression/expression.js";

/**
 * Inner products of all pairs, row by row of the upper triangle: n·(n+1)/2 reductions of one sweep. Whatever stays in
 * the span of the tensors (an arc, a mean on the sphere) can be computed from these numbers alone.
 */
export function gram(tensors: readonly Expression[]): Expression[] {
  return tensors.flatMap((a, i) => tensors.slice(i).map((b) => dot(a, b)));
}

/** The full symmetric matrix of the numbers that `gram` stands for. */
export function gramMatrix(upper: readonly number[], size: number): number[][] {
  const matrix = Array.from({ length: size }, () => new Array<number>(size).fill(0));
  let next = 0;
  for (let i = 0; i < size; i++) {
    for (let j = i; j < size; j++) {
      matrix[i][j] = upper[next];
      matrix[j][i] = upper[next++];
    }
  }
  return matrix;
}

/** √ c'Gc: the norm of Σ cᵢ·xᵢ, 0 where rounding makes the square negative. */
export function normIn(matrix: readonly (readonly number[])[], coefficients: readonly number[]): number {
  let square = 0;
  for (const [i, row] of matrix.entries()) {
    for (const [j, value] of row.entries()) square += coefficients[i] * coefficients[j] * value;
  }
  return Math.sqrt(Math.max(0, square));
}
