/**
 * Solves for X, row by row:
 *
 *     X · (A + ridge · mean diagonal of A · 1) = B
 *
 * Cost: n³/3 + rows · n² multiplications.
 *
 * @param a [n, n], symmetric, no eigenvalue below 0; overwritten
 * @param b [rows, n]; overwritten with X
 * @param ridge above 0, so that there is one solution
 */
export function solvePositive(
  a: Float64Array,
  b: Float64Array,
  { size, ridge }: { readonly size: number; readonly ridge: number },
): void {
  let trace = 0;
  for (let i = 0; i < size; i++) trace += a[i * size + i];
  // Where all is 0, any diagonal will do: then B is 0 as well.
  const shift = trace > 0 ? (ridge * trace) / size : 1;
  for (let i = 0; i < size; i++) a[i * size + i] += shift;
  factorise(a, size);
  for (let start = 0; start < b.length; start += size) {
    const x = b.subarray(start, start + size);
    for (let i = 0; i < size; i++) {
      let sum = x[i];
      for (let k = 0; k < i; k++) sum -= a[i * size + k] * x[k];
      x[i] = sum / a[i * size + i];
    }
    for (let i = size - 1; i >= 0; i--) {
      x[i] /= a[i * size + i];
      const value = x[i];
      for (let k = 0; k < i; k++) x[k] -= a[i * size + k] * value;
    }
  }
}

/** Cholesky's factor L in the lower half, A = L · Lᵀ. */
function factorise(a: Float64Array, size: number): void {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = a[i * size + j];
      for (let k = 0; k < j; k++) sum -= a[i * size + k] * a[j * size + k];
      // Rounding may leave a little less than 0; the shift is what stands there otherwise.
      a[i * size + j] = i === j ? Math.sqrt(Math.max(sum, Number.MIN_VALUE)) : sum / a[j * size + j];
    }
  }
}
