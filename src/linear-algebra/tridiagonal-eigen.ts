import { implicitQl } from "./implicit-ql.js";
import { largestMagnitude } from "./largest-magnitude.js";
import type { Multiply } from "./load-multiply.js";
import { type Block, type Matrix, rowOf, zeros } from "./matrix.js";
import { rotateRows } from "./rotate-rows.js";
import { type SecularEquation, secularRoot } from "./secular-root.js";

/** Up to so many rows, QL steps are quicker than halves. */
const SMALL = 32;

export interface TridiagonalEigenOptions {
  /** [n]: element i stands beside those i and i + 1 of the diagonal; the last is 0. Not changed. */
  readonly beside: Float64Array;
  readonly multiply: Multiply;
}

/**
 * Eigenvalues and eigenvectors of a symmetric tridiagonal matrix, by divide and conquer.
 *
 * The matrix is two smaller ones and a matrix of rank one. Their eigenvectors turn it into a diagonal matrix and a
 * matrix of rank one, whose eigenvalues are the roots of a secular equation and whose eigenvectors follow from them.
 * Directions that the matrix of rank one hardly touches stay as they are (deflation). Values are right to a few
 * roundings of the largest; vectors are orthonormal to a few roundings, because they are those of a matrix of rank one
 * nearby of which the roots found are the very eigenvalues.
 *
 * Cost: 4·n³/3 operations at most, in products of matrices, and about 50·n² others; 3·n² numbers with the result.
 *
 * @param diagonal [n], finite; not changed
 * @returns values in no particular order; row i of `vectors` [n, n] is the unit vector of value i
 * @source Gu and Eisenstat, “A divide-and-conquer algorithm for the symmetric tridiagonal eigenproblem”, SIAM J. Matrix
 * Anal. Appl. 16 (1995)
 */
export function tridiagonalEigen(
  diagonal: Float64Array,
  { beside, multiply }: TridiagonalEigenOptions,
): { readonly values: Float64Array; readonly vectors: Matrix } {
  const n = diagonal.length;
  const values = diagonal.slice();
  const vectors = zeros(n, n);
  const tolerance = 8 * Number.EPSILON * Math.max(largestMagnitude(diagonal), largestMagnitude(beside));
  const solve = (start: number, end: number): void => {
    if (end - start <= SMALL) {
      solveSmall({ values, vectors, start, end }, beside);
      return;
    }
    const middle = (start + end) >> 1;
    const link = beside[middle - 1];
    values[middle - 1] -= Math.abs(link);
    values[middle] -= Math.abs(link);
    solve(start, middle);
    solve(middle, end);
    join({ values, vectors, start, end }, { middle, link, tolerance, multiply });
  };
  solve(0, n);
  return { values, vectors };
}

/** A square on the diagonal: its own vectors stand in the same rows and columns of `vectors`. */
interface Part {
  readonly values: Float64Array;
  readonly vectors: Matrix;
  readonly start: number;
  readonly end: number;
}

function solveSmall({ values, vectors, start, end }: Part, beside: Float64Array): void {
  const n = end - start;
  const own = zeros(n, n);
  for (let i = 0; i < n; i++) own.values[i * n + i] = 1;
  const links = beside.slice(start, end);
  links[n - 1] = 0;
  implicitQl(values.subarray(start, end), links, own);
  for (let i = 0; i < n; i++) rowOf(vectors, start + i).set(rowOf(own, i), start);
}

interface Join {
  readonly middle: number;
  /** The element that joins the halves. */
  readonly link: number;
  /** What changes the matrix by no more is left out. */
  readonly tolerance: number;
  readonly multiply: Multiply;
}

/** Makes the values and vectors of a square from those of its halves. */
function join(part: Part, { multiply, ...link }: Join): void {
  const { values, vectors, start, end } = part;
  const { middle } = link;
  const touched = deflate(part, link);
  const count = touched.rows.length;
  if (count === 0) return;
  // Rows of the first half alone, then those that deflation mixed, then those of the second half alone.
  const sorted = [...touched.rows.keys()].sort((a, b) => touched.sides[a] - touched.sides[b] || a - b);
  const place = new Int32Array(count);
  for (const [to, from] of sorted.entries()) place[from] = to;
  const firstOfSecond = sorted.filter((i) => touched.sides[i] === FIRST).length;
  const lastOfFirst = sorted.filter((i) => touched.sides[i] !== SECOND).length;
  const { roots, mixing } = solveRankOne(touched.equation, touched.along, place);
  const halves = [
    { from: 0, to: lastOfFirst, column: start, cols: middle - start },
    { from: firstOfSecond, to: count, column: middle, cols: end - middle },
  ].map(({ from, to, column, cols }) => ({ from, column, own: zeros(to - from, cols) }));
  for (const { from, column, own } of halves) {
    for (let i = 0; i < own.rows; i++) {
      const row = rowOf(vectors, touched.rows[sorted[from + i]]);
      rowOf(own, i).set(row.subarray(column, column + own.cols));
    }
  }
  makeRoom(part, touched.rows);
  values.set(roots, start);
  for (const { from, column, own } of halves) {
    const factor: Block = { of: mixing, row: 0, column: from, rows: count, cols: own.rows };
    const into: Block = { of: vectors, row: start, column, rows: count, cols: own.cols };
    multiply(factor, own, { into });
  }
}

/** Where the elements of a vector are that are not 0. */
const FIRST = 0;
const BOTH = 1;
const SECOND = 2;

interface Touched {
  /** Which rows the matrix of rank one changes, by rising value. */
  readonly rows: readonly number[];
  readonly sides: readonly number[];
  readonly equation: SecularEquation;
  /** Elements of the vector of the matrix of rank one; their squares are the weights. */
  readonly along: Float64Array;
}

/**
 * Sets apart what stays as it is but for a rounding: rows along which the vector of the matrix of rank one has next to
 * nothing, and one of two rows whose values are so close that they can be turned until it has nothing along that one.
 */
function deflate({ values, vectors, start, end }: Part, { middle, link, tolerance }: Omit<Join, "multiply">): Touched {
  const along = new Float64Array(end);
  for (let i = start; i < middle; i++) along[i] = vectors.values[i * vectors.cols + middle - 1] * Math.SQRT1_2;
  for (let i = middle; i < end; i++) {
    along[i] = vectors.values[i * vectors.cols + middle] * Math.sign(link) * Math.SQRT1_2;
  }
  const strength = 2 * Math.abs(link);
  const order = Array.from({ length: end - start }, (_, i) => start + i).sort((a, b) => values[a] - values[b] || a - b);
  const sides = new Uint8Array(end).fill(FIRST, start, middle).fill(SECOND, middle);
  const rows: number[] = [];
  for (const row of order) {
    if (strength * Math.abs(along[row]) <= tolerance) continue;
    const before = rows.at(-1);
    if (before !== undefined) {
      const length = Math.sqrt(along[before] ** 2 + along[row] ** 2);
      const cosine = along[row] / length;
      const sine = along[before] / length;
      const apart = values[row] - values[before];
      if (Math.abs(apart * cosine * sine) <= tolerance) {
        rows.pop();
        along[before] = 0;
        along[row] = length;
        rotateRows(vectors, [before, row], { cosine, sine });
        const lower = values[before] * cosine * cosine + values[row] * sine * sine;
        values[row] = values[before] * sine * sine + values[row] * cosine * cosine;
        values[before] = lower;
        if (sides[before] !== sides[row]) sides[before] = sides[row] = BOTH;
      }
    }
    rows.push(row);
  }
  const picked = Float64Array.from(rows, (row) => along[row]);
  return {
    rows,
    sides: rows.map((row) => sides[row]),
    equation: {
      poles: Float64Array.from(rows, (row) => values[row]),
      weights: picked.map((value) => value * value),
      inverse: 1 / strength,
    },
    along: picked,
  };
}

interface RankOne {
  readonly roots: Float64Array;
  /** [k, k]: row i is the unit eigenvector of root i; element j stands at the place given for j. */
  readonly mixing: Matrix;
}

/** Eigenvalues and eigenvectors of a diagonal matrix plus one of rank one. */
function solveRankOne(equation: SecularEquation, along: Float64Array, place: Int32Array): RankOne {
  const { poles } = equation;
  const count = poles.length;
  const mixing = zeros(count, count);
  const roots = poles.map((_, i) => secularRoot(equation, i, rowOf(mixing, i)));
  // The vector for which these roots are the very eigenvalues. It differs from the one that was given by roundings, and
  // its eigenvectors are orthogonal however close the roots are.
  const squares = new Float64Array(count).fill(1);
  for (let i = 0; i < count; i++) {
    const distances = rowOf(mixing, i);
    const pole = poles[i];
    for (let j = 0; j < i; j++) squares[j] *= distances[j] / (poles[j] - pole);
    squares[i] *= distances[i];
    for (let j = i + 1; j < count; j++) squares[j] *= distances[j] / (poles[j] - pole);
  }
  const exact = squares.map((square, i) => Math.sign(along[i]) * Math.sqrt(Math.abs(square)));
  const row = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const distances = rowOf(mixing, i);
    let square = 0;
    for (let j = 0; j < count; j++) {
      const element = exact[j] / distances[j];
      row[place[j]] = element;
      square += element * element;
    }
    const norm = Math.sqrt(square);
    for (let j = 0; j < count; j++) distances[j] = row[j] / norm;
  }
  return { roots, mixing };
}

/** Moves the rows that stay behind those that are to be replaced, and clears these. */
function makeRoom({ values, vectors, start, end }: Part, replaced: readonly number[]): void {
  const isReplaced = new Set(replaced);
  let to = end;
  for (let from = end - 1; from >= start; from--) {
    if (isReplaced.has(from)) continue;
    to--;
    if (to === from) continue;
    rowOf(vectors, to).set(rowOf(vectors, from));
    values[to] = values[from];
  }
  for (let row = start; row < to; row++) rowOf(vectors, row).fill(0, start, end);
}
