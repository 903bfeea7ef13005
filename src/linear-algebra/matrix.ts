/** Numbers row by row: element (i, j) is `values[i · cols + j]`. */
export interface Matrix {
  readonly rows: number;
  readonly cols: number;
  readonly values: Float64Array;
}

/** A part of a matrix, where it lies: `rows` by `cols` elements from (`row`, `column`) on. */
export interface Block {
  readonly of: Matrix;
  readonly row: number;
  readonly column: number;
  readonly rows: number;
  readonly cols: number;
}

/** A matrix of zeros. */
export function zeros(rows: number, cols: number): Matrix {
  return { rows, cols, values: new Float64Array(rows * cols) };
}

/** Row `i` of a matrix, as a view: writing to it changes the matrix. */
export function rowOf({ cols, values }: Matrix, i: number): Float64Array {
  return values.subarray(i * cols, (i + 1) * cols);
}
