import { align, type Kernels } from "../kernels/load-kernels.js";
import { dot } from "./dot.js";
import { largestMagnitude } from "./largest-magnitude.js";
import type { Multiply } from "./load-multiply.js";
import { type Matrix, rowOf, zeros } from "./matrix.js";

/** Reflections whose effect on the rows above them is brought there by one product. */
const PANEL = 32;
/** Rows of the triangle that such a product changes at once: what it changes above the diagonal is wasted work. */
const STRIP = 128;
/** Sum of squares of a row that is nothing beside the largest element, 1; its inverse and their squares are numbers. */
const NEGLIGIBLE = 1e-80;
/** Rows that the kernel takes at a time. */
const STEP = 4;

export interface Tridiagonal {
  /** The largest element of the matrix, by which it is divided. */
  readonly scale: number;
  /** [n]: the diagonal. */
  readonly diagonal: Float64Array;
  /** [n]: element i stands beside those i and i + 1 of the diagonal; the last is 0. */
  readonly beside: Float64Array;
  /** [n, n or a little more], in the memory of the kernels: row i holds the vector of reflection i, 0 from place i on. */
  readonly vectors: Matrix;
  /** [n]: reflection i takes factorᵢ · vectorᵢ · vectorᵢᵀ from the identity. */
  readonly factors: Float64Array;
}

export interface TridiagonalizeOptions {
  /** With room for `tridiagonalizeBytes(n)`. */
  readonly kernels: Kernels;
  readonly multiply: Multiply;
}

/** Bytes of kernel memory for a matrix of [n, n]. */
export function tridiagonalizeBytes(n: number): number {
  const padded = pad(n);
  return 16 + 8 * padded * (padded + 2);
}

/**
 * Brings a symmetric matrix to tridiagonal form by Householder reflections, from the last row up:
 *
 *     tridiagonal = H₁ ⋯ Hₙ₋₁ · matrix / scale · Hₙ₋₁ ⋯ H₁,   Hᵢ = 1 − factorᵢ · vectorᵢ · vectorᵢᵀ
 *
 * Cost: 4·n³/3 operations, half of them in products of the matrix with a vector, each of which reads all that is left
 * of it, and half in products of matrices.
 *
 * @param matrix [n, n], finite; only its lower triangle is read, and it is left alone
 * @source Dongarra, Hammarling and Sorensen, “Block reduction of matrices to condensed forms for eigenvalue
 * computations”, J. Comp. Appl. Math. 27 (1989)
 */
export function tridiagonalize(matrix: Matrix, { kernels, multiply }: TridiagonalizeOptions): Tridiagonal {
  const n = matrix.rows;
  const work = layOut(kernels, n);
  const scale = largestMagnitude(matrix.values) || 1;
  for (let i = 0; i < n; i++) {
    const row = rowOf(work.matrix, i);
    for (let k = 0; k <= i; k++) row[k] = matrix.values[i * n + k] / scale;
  }
  const result = {
    scale,
    diagonal: new Float64Array(n),
    beside: new Float64Array(n),
    vectors: work.matrix,
    factors: new Float64Array(n),
  };
  // Vectors, their images and the vectors again: two thirds of it are the left factor of the product, two the right.
  const pending = zeros(3 * PANEL, n);
  for (let end = n; end > 0; end -= PANEL) {
    const start = Math.max(0, end - PANEL);
    const count = end - start;
    reducePanel(work, { start, end, pending }, result);
    for (let row = 0; row < start; row += STRIP) {
      const rows = Math.min(STRIP, start - row);
      const left = { of: pending, row: 0, column: row, rows: 2 * count, cols: rows };
      const right = { of: pending, row: count, column: 0, rows: 2 * count, cols: row + rows };
      const into = { of: work.matrix, row, column: 0, rows, cols: row + rows };
      multiply(left, right, { transposeA: true, into, factor: -1 });
    }
  }
  return result;
}

interface Work {
  readonly matrix: Matrix;
  /** The image of a vector under the leading rows and columns of the matrix, as it was before this panel. */
  readonly image: (vector: Float64Array) => Float64Array;
}

function layOut({ memory, functions, heapBase }: Kernels, n: number): Work {
  const padded = pad(n);
  const addresses = { vector: align(heapBase), out: 0, matrix: 0 };
  addresses.out = addresses.vector + 8 * padded;
  addresses.matrix = addresses.out + 8 * padded;
  const input = new Float64Array(memory.buffer, addresses.vector, padded);
  const output = new Float64Array(memory.buffer, addresses.out, padded);
  const values = new Float64Array(memory.buffer, addresses.matrix, padded * padded).fill(0);
  return {
    matrix: { rows: padded, cols: padded, values },
    image: (vector) => {
      const count = vector.length;
      input.set(vector);
      // Rows and columns that are no longer part of the matrix are multiplied by zeros.
      input.fill(0, count, pad(count));
      functions.multiplySymmetric_f64(addresses.out, addresses.matrix, addresses.vector, pad(count), 8 * padded);
      return output.subarray(0, count);
    },
  };
}

function pad(n: number): number {
  return Math.ceil(n / STEP) * STEP;
}

interface Panel {
  readonly start: number;
  readonly end: number;
  readonly pending: Matrix;
}

/** Reflects the rows of a panel, without changing those above, and gathers in `pending` what is to be done to them. */
function reducePanel(work: Work, { start, end, pending }: Panel, { diagonal, beside, factors }: Tridiagonal): void {
  const count = end - start;
  pending.values.fill(0);
  for (let i = end - 1, done = 0; i >= start; i--, done++) {
    const row = rowOf(work.matrix, i);
    for (let other = 0; other < done; other++) {
      const vector = rowOf(pending, other);
      const image = rowOf(pending, count + other);
      subtractBoth(row, [vector, image[i]], [image, vector[i]], i + 1);
    }
    diagonal[i] = row[i];
    row.fill(0, i);
    if (i === 0) return;
    beside[i - 1] = reflect(row, i, factors);
    const factor = factors[i];
    if (factor === 0) continue;
    const own = row.subarray(0, i);
    const product = work.image(own);
    for (let other = 0; other < done; other++) {
      const vector = rowOf(pending, other);
      const image = rowOf(pending, count + other);
      subtractBoth(product, [vector, dot(image, own)], [image, dot(vector, own)], i);
    }
    const along = (factor * factor * dot(product, own)) / 2;
    const image = rowOf(pending, count + done);
    for (let k = 0; k < i; k++) image[k] = factor * product[k] - along * own[k];
    rowOf(pending, done).set(own);
    rowOf(pending, 2 * count + done).set(own);
  }
}

/** Turns the first `count` elements into the vector of the reflection that leaves only the last of them; gives that. */
function reflect(row: Float64Array, count: number, factors: Float64Array): number {
  let rest = 0;
  for (let j = 0; j < count - 1; j++) rest += row[j] * row[j];
  const last = row[count - 1];
  if (rest < NEGLIGIBLE) {
    factors[count] = 0;
    // A reflection that does nothing has no vector.
    row.fill(0, 0, count);
    return last;
  }
  const norm = Math.sqrt(rest + last * last);
  const kept = last > 0 ? -norm : norm;
  row[count - 1] = last - kept;
  factors[count] = 2 / (rest + row[count - 1] ** 2);
  return kept;
}

type Multiple = readonly [Float64Array, number];

/** Takes multiples of two vectors from the first `count` elements of another. */
function subtractBoth(target: Float64Array, [a, x]: Multiple, [b, y]: Multiple, count: number): void {
  for (let k = 0; k < count; k++) target[k] -= x * a[k] + y * b[k];
}
