/** Steps for one root before halving its interval has certainly come to an end. */
const MAX_STEPS = 200;

/**
 *     f(λ) = inverse + Σ weightsⱼ / (polesⱼ − λ)
 *
 * whose roots are the eigenvalues of a diagonal matrix of the poles, plus a matrix of rank one.
 */
export interface SecularEquation {
  /** [k], rising, no two the same. */
  readonly poles: Float64Array;
  /** [k], positive. */
  readonly weights: Float64Array;
  /** Positive: one over the strength of the matrix of rank one. */
  readonly inverse: number;
}

/**
 * Finds root i of a secular equation: the one between poles i and i + 1, or above the last.
 *
 * What is looked for is its distance from the nearer pole, so that the distances from all poles come out right to a few
 * roundings of each, however close the root is to one. Each step takes the terms on either side for one term that has
 * the same value and slope, and solves that; where it leads out of the interval known to hold the root, that is halved.
 *
 * Cost: 6·k operations a step, of which 3 to 7 are usual.
 *
 * @param distances [k]: becomes polesⱼ − root
 * @returns the root
 * @source Bunch, Nielsen and Sorensen, “Rank-one modification of the symmetric eigenproblem”, Numer. Math. 31 (1978);
 * the rule to stop: Gu and Eisenstat, “A divide-and-conquer algorithm for the symmetric tridiagonal eigenproblem”,
 * SIAM J. Matrix Anal. Appl. 16 (1995), equation 3.4
 */
export function secularRoot(equation: SecularEquation, i: number, distances: Float64Array): number {
  const { poles, weights, inverse } = equation;
  const isLast = i === poles.length - 1;
  const width = isLast ? sum(weights) / inverse : poles[i + 1] - poles[i];
  // From the middle: its sign tells the nearer pole.
  let origin = poles[i];
  let offset = width / 2;
  let at = evaluate(equation, i, { origin, offset, distances });
  let [low, high] = at.value < 0 ? [offset, width] : [0, offset];
  if (!isLast && at.value < 0) {
    origin = poles[i + 1];
    [low, high] = [low - width, 0];
    offset -= width;
  }
  if (!isLast) {
    const rest = at.value - weights[i] / distances[i] - weights[i + 1] / distances[i + 1];
    const [near, far] = [poles[i] - origin, poles[i + 1] - origin];
    offset = inside(solveTwo(rest, [weights[i], weights[i + 1]], [near, far]), low, high);
    at = evaluate(equation, i, { origin, offset, distances });
  }
  for (let step = 0; step < MAX_STEPS; step++) {
    const { value, below, above, slopeBelow, slopeAbove } = at;
    const slope = slopeBelow + slopeAbove;
    if (Math.abs(value) <= Number.EPSILON * (8 * (inverse + above - below) + Math.abs(offset) * slope)) break;
    if (value < 0) low = offset;
    else high = offset;
    const [near, far] = [distances[i], isLast ? 0 : distances[i + 1]];
    const change = isLast
      ? (near * value) / (value - near * slope)
      : solveTwo(
          value - near * slopeBelow - far * slopeAbove,
          [near * near * slopeBelow, far * far * slopeAbove],
          [near, far],
        );
    const next = inside(offset + change, low, high);
    if (next === offset || next === low || next === high) break;
    offset = next;
    at = evaluate(equation, i, { origin, offset, distances });
  }
  return origin + offset;
}

interface Place {
  readonly origin: number;
  readonly offset: number;
  readonly distances: Float64Array;
}

interface Value {
  readonly value: number;
  /** Sums of the terms of the poles below the root, and above. */
  readonly below: number;
  readonly above: number;
  readonly slopeBelow: number;
  readonly slopeAbove: number;
}

/** The equation's value at origin + offset, and the distances of all poles from there. Far terms are summed first. */
function evaluate(
  { poles, weights, inverse }: SecularEquation,
  i: number,
  { origin, offset, distances }: Place,
): Value {
  let [below, slopeBelow, above, slopeAbove] = [0, 0, 0, 0];
  for (let j = 0; j <= i; j++) {
    const distance = poles[j] - origin - offset;
    const term = weights[j] / distance;
    distances[j] = distance;
    below += term;
    slopeBelow += term / distance;
  }
  for (let j = poles.length - 1; j > i; j--) {
    const distance = poles[j] - origin - offset;
    const term = weights[j] / distance;
    distances[j] = distance;
    above += term;
    slopeAbove += term / distance;
  }
  return { value: inverse + above + below, below, above, slopeBelow, slopeAbove };
}

/** The x between the two places at which rest + Σ weight / (place − x) is 0. */
function solveTwo(rest: number, [a, b]: readonly [number, number], [near, far]: readonly [number, number]): number {
  const half = rest * (near + far) + a + b;
  const product = rest * near * far + a * far + b * near;
  const root = Math.sqrt(Math.max(0, half * half - 4 * rest * product));
  return half <= 0 ? (half - root) / (2 * rest) : (2 * product) / (half + root);
}

/** An offset, or the middle of the interval where it lies outside: by ratio, so that tiny offsets are soon reached. */
function inside(offset: number, low: number, high: number): number {
  if (offset > low && offset < high) return offset;
  const isRatio = low > 0 ? high > 4 * low : high < 0 && low < 4 * high;
  return isRatio ? Math.sign(low) * Math.sqrt(low * high) : low + (high - low) / 2;
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
