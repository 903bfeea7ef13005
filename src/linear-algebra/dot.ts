/** Σ a·b over the elements of `b`, which may be the shorter; four sums, so that none waits for the one before. */
export function dot(a: Float64Array, b: Float64Array): number {
  const whole = b.length - (b.length % 4);
  let [s0, s1, s2, s3] = [0, 0, 0, 0];
  for (let k = 0; k < whole; k += 4) {
    s0 += a[k] * b[k];
    s1 += a[k + 1] * b[k + 1];
    s2 += a[k + 2] * b[k + 2];
    s3 += a[k + 3] * b[k + 3];
  }
  let rest = 0;
  for (let k = whole; k < b.length; k++) rest += a[k] * b[k];
  return s0 + s1 + (s2 + s3) + rest;
}
