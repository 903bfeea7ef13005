import { type Matrix, rowOf, zeros } from "./matrix.js";
import { rotateRows } from "./rotate-rows.js";

/** Steps for one eigenvalue before the iteration is taken to be stuck; three are usual. */
const MAX_STEPS = 60;

export interface SymmetricEigen {
  /** In no particular order. */
  readonly values: Float64Array;
  /** Row i is the unit eigenvector of value i. */
  readonly vectors: Matrix;
}

/**
 * Eigenvalues and eigenvectors of a symmetric matrix.
 *
 *     matrix = vectorsᵀ · diag(values) · vectors
 *
 * Householder reflections make the matrix tridiagonal, implicit QL steps with Wilkinson's shift make it diagonal. The
 * vectors are orthogonal to a few roundings; a value is right to a few roundings of the largest one.
 *
 * Cost: about 12·n³ operations, n² numbers beside the matrix.
 *
 * @param matrix [n, n], finite; only its lower triangle is read, and it is left alone
 */
export function symmetricEigen(matrix: Matrix): SymmetricEigen {
  const n = matrix.rows;
  const work: Matrix = { ...matrix, values: matrix.values.slice() };
  const scale = largest(work.values);
  if (scale > 0) for (let i = 0; i < work.values.length; i++) work.values[i] /= scale;
  const factors = new Float64Array(n);
  const { diagonal, beside } = tridiagonalize(work, factors);
  const vectors = reflections(work, factors);
  diagonalize(diagonal, beside, vectors);
  for (let i = 0; i < n; i++) diagonal[i] *= scale;
  return { values: diagonal, vectors };
}

function largest(values: Float64Array): number {
  let found = 0;
  for (let i = 0; i < values.length; i++) found = Math.max(found, Math.abs(values[i]));
  return found;
}

/**
 * Reflects away all but the last element before the diagonal of each row, from the last row up. The vector of row i's
 * reflection stays in that row, its factor goes to `factors`.
 */
function tridiagonalize(
  work: Matrix,
  factors: Float64Array,
): { readonly diagonal: Float64Array; readonly beside: Float64Array } {
  const n = work.rows;
  const diagonal = new Float64Array(n);
  const beside = new Float64Array(n);
  const product = new Float64Array(n);
  for (let i = n - 1; i > 0; i--) {
    const row = rowOf(work, i);
    diagonal[i] = row[i];
    beside[i - 1] = reflect(row, i, factors);
    const factor = factors[i];
    if (factor === 0) continue;
    multiplySymmetric(product, work, row, i);
    let along = 0;
    for (let j = 0; j < i; j++) {
      product[j] *= factor;
      along += product[j] * row[j];
    }
    along *= factor / 2;
    for (let j = 0; j < i; j++) product[j] -= along * row[j];
    subtractBoth(work, product, row, i);
  }
  if (n > 0) diagonal[0] = work.values[0];
  return { diagonal, beside };
}

/** Turns the first `count` elements into the vector of the reflection that leaves only the last of them; gives that. */
function reflect(row: Float64Array, count: number, factors: Float64Array): number {
  let rest = 0;
  for (let j = 0; j < count - 1; j++) rest += row[j] * row[j];
  const last = row[count - 1];
  if (rest === 0) {
    factors[count] = 0;
    return last;
  }
  const norm = Math.sqrt(rest + last * last);
  const kept = last > 0 ? -norm : norm;
  row[count - 1] = last - kept;
  factors[count] = 2 / (rest + row[count - 1] ** 2);
  return kept;
}

/** out = the leading block of a symmetric matrix, given by its lower triangle, times a vector. */
function multiplySymmetric(out: Float64Array, matrix: Matrix, vector: Float64Array, count: number): void {
  const { cols, values } = matrix;
  for (let j = 0; j < count; j++) {
    const row = j * cols;
    const x = vector[j];
    let sum = 0;
    for (let k = 0; k < j; k++) {
      const element = values[row + k];
      sum += element * vector[k];
      out[k] += element * x;
    }
    out[j] = sum + values[row + j] * x;
  }
}

/** The lower triangle of the leading block −= product · vectorᵀ + vector · productᵀ. */
function subtractBoth({ cols, values }: Matrix, product: Float64Array, vector: Float64Array, count: number): void {
  for (let j = 0; j < count; j++) {
    const row = j * cols;
    const x = product[j];
    const y = vector[j];
    for (let k = 0; k <= j; k++) values[row + k] -= x * vector[k] + y * product[k];
  }
}

/** The product of all reflections, transposed. */
function reflections(work: Matrix, factors: Float64Array): Matrix {
  const n = work.rows;
  const out = zeros(n, n);
  for (let i = 0; i < n; i++) {
    out.values[i * n + i] = 1;
    if (factors[i] === 0) continue;
    reflectRows(out, rowOf(work, i), factors[i], i);
  }
  return out;
}

/** The leading block −= factor · (block · vector) · vectorᵀ. */
function reflectRows({ cols, values }: Matrix, vector: Float64Array, factor: number, count: number): void {
  for (let j = 0; j < count; j++) {
    const row = j * cols;
    let along = 0;
    for (let k = 0; k < count; k++) along += values[row + k] * vector[k];
    along *= factor;
    for (let k = 0; k < count; k++) values[row + k] -= along * vector[k];
  }
}

/** Brings a tridiagonal matrix to its diagonal, taking the rows of `vectors` along. */
function diagonalize(diagonal: Float64Array, beside: Float64Array, vectors: Matrix): void {
  const n = diagonal.length;
  const norm = largest(diagonal) + largest(beside);
  const isSmall = (i: number): boolean =>
    Math.abs(beside[i]) <=
    Number.EPSILON * Math.max(Math.abs(diagonal[i]) + Math.abs(diagonal[i + 1]), Number.EPSILON * norm);
  for (let first = 0; first < n; first++) {
    for (let step = 0; ; step++) {
      let last = first;
      while (last < n - 1 && !isSmall(last)) last++;
      if (last === first) break;
      if (step === MAX_STEPS) throw new Error(`eigenvalue ${first} of ${n} did not converge`);
      stepDown(diagonal, beside, vectors, { first, last });
    }
  }
}

/** One QL step on the rows from `first` to `last`: a rotation at the end, and the bump it makes chased up. */
function stepDown(
  diagonal: Float64Array,
  beside: Float64Array,
  vectors: Matrix,
  { first, last }: { readonly first: number; readonly last: number },
): void {
  const slope = (diagonal[first + 1] - diagonal[first]) / (2 * beside[first]);
  const root = Math.sqrt(slope * slope + 1);
  let bump = diagonal[last] - diagonal[first] + beside[first] / (slope + (slope < 0 ? -root : root));
  let [cosine, sine, shift] = [1, 1, 0];
  for (let i = last - 1; i >= first; i--) {
    const outer = sine * beside[i];
    const inner = cosine * beside[i];
    const length = Math.sqrt(outer * outer + bump * bump);
    beside[i + 1] = length;
    if (length === 0) {
      // The matrix falls apart here: the part above goes on by itself.
      diagonal[i + 1] -= shift;
      beside[last] = 0;
      return;
    }
    sine = outer / length;
    cosine = bump / length;
    const moved = diagonal[i + 1] - shift;
    const turn = (diagonal[i] - moved) * sine + 2 * cosine * inner;
    shift = sine * turn;
    diagonal[i + 1] = moved + shift;
    bump = cosine * turn - inner;
    rotateRows(vectors, [i, i + 1], { cosine, sine });
  }
  diagonal[first] -= shift;
  beside[first] = bump;
  beside[last] = 0;
}
