/** A unit whose variance is this share of its mean square does nothing but rounding: it is never active, or constant. */
const LEAST_VARIANCE = 1e-6;

/**
 * What units are divided by to be compared: 1/σ, and 0 for a unit that does nothing.
 *
 * @param means [units]
 * @param squares means of squares, [units]
 */
export function inverseDeviations(means: Float64Array, squares: Float64Array): Float64Array {
  return means.map((mean, unit) => {
    const variance = squares[unit] - mean * mean;
    return variance > LEAST_VARIANCE * squares[unit] ? 1 / Math.sqrt(variance) : 0;
  });
}
