import { largestMagnitude } from "./largest-magnitude.js";
import type { Matrix } from "./matrix.js";
import { rotateRows } from "./rotate-rows.js";

/** Steps for one eigenvalue before the iteration is taken to be stuck; three are usual. */
const MAX_STEPS = 60;

/**
 * Brings a symmetric tridiagonal matrix to its diagonal, by implicit QL steps with Wilkinson's shift, taking the rows
 * of `vectors` along.
 *
 * Cost: about 3·n² rotations of two rows.
 *
 * @param diagonal [n]; becomes the eigenvalues, in no particular order
 * @param beside [n]: element i stands beside those i and i + 1 of the diagonal, the last is 0; becomes zeros
 * @param vectors [n, any]; changed
 * @source Golub and Van Loan, “Matrix Computations”, §8.3
 */
export function implicitQl(diagonal: Float64Array, beside: Float64Array, vectors: Matrix): void {
  const n = diagonal.length;
  const norm = largestMagnitude(diagonal) + largestMagnitude(beside);
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
