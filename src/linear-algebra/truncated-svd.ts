import { OnebasinError } from "../core/errors.js";
import { createRandom } from "../core/random.js";
import { loadMultiply, type Multiply } from "./load-multiply.js";
import { type Matrix, rowOf } from "./matrix.js";
import { type Svd, svd } from "./svd.js";

export interface TruncatedSvdOptions {
  readonly rows: number;
  readonly cols: number;
  /** How many values and vectors are wanted; at most the smaller side are given. */
  readonly rank: number;
  /** Of the directions that the search starts from; 0 unless told. */
  readonly seed?: number;
  /**
   * Ends the search for less: when a step raises the sum of squares of the values by no more than this share of it. The
   * whole decomposition then never takes over. Vectors are orthonormal all the same, the values a little too small.
   */
  readonly enough?: number;
}

/** Directions beside those wanted: the search goes faster the more the values fall off over them. */
const MOST_EXTRA = 8;
/** The whole decomposition is quicker unless the directions looked for are so many times fewer than all. */
const WORTHWHILE = 4;
/** Half steps before the search is given up for the whole decomposition: where values hardly fall off. */
const MAX_STEPS = 16;
/** Of the largest value: what may be left of matrix · vector − value · vector. */
const TOLERANCE = 1e-9;

/**
 * The largest singular values of a matrix and their vectors, in f64.
 *
 *     matrix ≈ leftᵀ · diag(singular) · right
 *
 * Which is the matrix of this rank that is nearest to it. Where few are wanted they are found by subspace iteration
 * from random directions, until the largest remainder is below 1e-9 of the largest value; where many are, or where
 * the values fall off too slowly for that, by the whole decomposition.
 *
 * Cost: 4·rows·cols·rank operations a step, of which 3 to 16; or that of `svd`.
 *
 * @param matrix [rows, cols], row by row; not changed
 * @returns `singular` [rank], from the largest down; `left` [rank, rows] and `right` [rank, cols], unit vectors row by
 * row
 * @throws `bad-argument` when the numbers do not fill the matrix, or one of them is not finite
 * @source Halko, Martinsson and Tropp, “Finding structure with randomness”, SIAM Review 53 (2011), algorithm 4.4
 */
export async function truncatedSvd(
  matrix: Float32Array | Float64Array,
  { rows, cols, rank, seed = 0, enough }: TruncatedSvdOptions,
): Promise<Svd> {
  if (matrix.length !== rows * cols) {
    throw new OnebasinError("bad-argument", `A matrix of [${rows}, ${cols}] has no ${matrix.length} numbers.`);
  }
  const values = Float64Array.from(matrix);
  if (!values.every(Number.isFinite)) {
    throw new OnebasinError("bad-argument", "A matrix that holds NaN or infinity has no singular values.");
  }
  const multiply = await loadMultiply();
  const whole: Matrix = { rows, cols, values };
  const wanted = Math.min(rank, rows, cols);
  return (await search(whole, wanted, { multiply, seed, enough })) ?? svd(whole, { multiply, rank: wanted });
}

interface SearchOptions {
  readonly multiply: Multiply;
  readonly seed: number;
  readonly enough?: number;
}

/** Subspace iteration: from directions on one side to those on the other and back, each time orthogonalised. */
async function search(
  matrix: Matrix,
  rank: number,
  { multiply, seed, enough }: SearchOptions,
): Promise<Svd | undefined> {
  const count = rank + Math.min(MOST_EXTRA + rank, Math.min(matrix.rows, matrix.cols) - rank);
  if (rank === 0 || WORTHWHILE * count > Math.min(matrix.rows, matrix.cols)) return undefined;
  const random = createRandom(seed, "truncated svd", `${matrix.rows}x${matrix.cols}`, rank);
  const start = Float64Array.from({ length: count * matrix.cols }, () => random.normal());
  // `known` are unit vectors on one side; `image` is what the matrix makes of them on the other.
  let isRight = true;
  let { right: known } = await svd({ rows: count, cols: matrix.cols, values: start }, { multiply });
  let image = multiply(known, matrix, { transposeB: true });
  let before = 0;
  for (let step = 0; step < MAX_STEPS; step++) {
    const { singular, left: mixing, right: found } = await svd(image, { multiply });
    const turned = multiply(mixing, known);
    const back = multiply(found, matrix, { transposeB: !isRight });
    const held = singular.slice(0, rank).reduce((sum, value) => sum + value * value, 0);
    const isEnough = enough !== undefined && (held - before <= enough * held || step === MAX_STEPS - 1);
    before = held;
    if (isEnough || remainder(back, turned, singular, rank) <= TOLERANCE * singular[0]) {
      const [left, right] = isRight ? [found, turned] : [turned, found];
      return { singular: singular.slice(0, rank), left: first(left, rank), right: first(right, rank) };
    }
    isRight = !isRight;
    known = found;
    image = back;
  }
  return undefined;
}

/** The largest ‖backᵢ − singularᵢ · turnedᵢ‖ of the first rows. */
function remainder(back: Matrix, turned: Matrix, singular: Float64Array, count: number): number {
  let most = 0;
  for (let i = 0; i < count; i++) {
    const [a, b] = [rowOf(back, i), rowOf(turned, i)];
    let square = 0;
    for (let k = 0; k < a.length; k++) square += (a[k] - singular[i] * b[k]) ** 2;
    most = Math.max(most, Math.sqrt(square));
  }
  return most;
}

const first = ({ cols, values }: Matrix, rows: number): Matrix => ({
  rows,
  cols,
  values: values.slice(0, rows * cols),
});
