/** Rounds of scaling between two looks at how far the sums are off. */
const ROUNDS = 10;

export interface SinkhornOptions {
  readonly rows: number;
  readonly columns: number;
  /** Above 0: what a score is divided by; small is near to the exact solution, and slow. */
  readonly temperature: number;
  /** Most rounds of scaling rows and columns. */
  readonly rounds: number;
  /** Sums may be off by this share; default 1e-4. */
  readonly tolerance?: number;
  /** Logarithms of v from an earlier scaling of nearly the same scores; changed to those of this one. */
  readonly start?: Float64Array;
}

/**
 * Sinkhorn's scaling: the smoothed optimal transport between units that all weigh the same on their side.
 *
 *     shares = diag(u) · exp(scores / temperature) · diag(v), row sums 1/rows, column sums 1/columns
 *
 * The logarithms of u and v are kept, so that no temperature overflows. Cost: rows · columns for each round.
 *
 * @param scores [rows, columns], all finite
 * @source Cuturi, "Sinkhorn Distances", NeurIPS 2013, algorithm 1; stabilised as in Schmitzer, "Stabilized sparse scaling
 * algorithms for entropy regularized transport problems" (2019), section 3.1
 */
export function sinkhornScaling(scores: Float32Array, options: SinkhornOptions): Float32Array {
  const { rows, columns, temperature, rounds, tolerance = 1e-4 } = options;
  const left = new Float64Array(rows);
  const right = options.start ?? new Float64Array(columns);
  const kernel = new Float64Array(rows * columns);
  const largest = new Float64Array(columns);
  for (let done = 0; ; done += ROUNDS) {
    // One round on logarithms: exact, whatever the temperature.
    for (let i = 0; i < rows; i++) {
      let top = Number.NEGATIVE_INFINITY;
      for (let j = 0; j < columns; j++) top = Math.max(top, scores[i * columns + j] / temperature + right[j]);
      let sum = 0;
      for (let j = 0; j < columns; j++) sum += Math.exp(scores[i * columns + j] / temperature + right[j] - top);
      left[i] = -top - Math.log(sum * rows);
    }
    largest.fill(Number.NEGATIVE_INFINITY);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        const at = scores[i * columns + j] / temperature + left[i];
        if (at > largest[j]) largest[j] = at;
      }
    }
    const sums = new Float64Array(columns);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        const value = Math.exp(scores[i * columns + j] / temperature + left[i] - largest[j]);
        kernel[i * columns + j] = value;
        sums[j] += value;
      }
    }
    for (let j = 0; j < columns; j++) right[j] = -largest[j] - Math.log(sums[j] * columns);
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) kernel[i * columns + j] /= sums[j] * columns;
    }
    let isEven = true;
    for (let i = 0; i < rows && isEven; i++) {
      let sum = 0;
      for (let j = 0; j < columns; j++) sum += kernel[i * columns + j];
      isEven = Math.abs(sum * rows - 1) <= tolerance;
    }
    if (isEven || done >= rounds) return Float32Array.from(kernel);
    scale(kernel, { rows, columns, left, right });
  }
}

/** Some rounds of plain scaling, whose factors are taken into the logarithms. */
function scale(
  kernel: Float64Array,
  state: { readonly rows: number; readonly columns: number; readonly left: Float64Array; readonly right: Float64Array },
): void {
  const { rows, columns, left, right } = state;
  const u = new Float64Array(rows).fill(1);
  const v = new Float64Array(columns).fill(1);
  const sums = new Float64Array(columns);
  for (let round = 0; round < ROUNDS; round++) {
    sums.fill(0);
    for (let i = 0; i < rows; i++) {
      let sum = 0;
      for (let j = 0; j < columns; j++) sum += kernel[i * columns + j] * v[j];
      // A row that underflowed waits for the next round on logarithms.
      if (sum > 0) u[i] = 1 / (rows * sum);
      for (let j = 0; j < columns; j++) sums[j] += kernel[i * columns + j] * u[i];
    }
    for (let j = 0; j < columns; j++) if (sums[j] > 0) v[j] = 1 / (columns * sums[j]);
  }
  for (let i = 0; i < rows; i++) left[i] += Math.log(u[i]);
  for (let j = 0; j < columns; j++) right[j] += Math.log(v[j]);
}
