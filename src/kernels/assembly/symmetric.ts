// @ts-ignore: decorator
@inline
function sumOf(pair: v128): f64 {
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

/**
 * out = matrix · vector, for the leading `n` rows and columns of a symmetric matrix of f64. Only the lower triangle is
 * read, each element once: four rows at a time give their own sums and what they add to those before.
 *
 * `n` is a multiple of 4; `stride`: bytes from one row to the next, a multiple of 16.
 */
export function multiplySymmetric_f64(out: usize, matrix: usize, vector: usize, n: i32, stride: usize): void {
  for (let j = 0; j < n; j += 4) {
    const square = <usize>j << 3;
    let row0 = matrix + <usize>j * stride;
    let row1 = row0 + stride;
    let row2 = row1 + stride;
    let row3 = row2 + stride;
    const x0 = v128.load64_splat(vector + square);
    const x1 = v128.load64_splat(vector + square, 8);
    const x2 = v128.load64_splat(vector + square, 16);
    const x3 = v128.load64_splat(vector + square, 24);
    let s0 = f64x2.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let at: usize = 0; at < square; at += 16) {
      const a0 = v128.load(row0 + at);
      const a1 = v128.load(row1 + at);
      const a2 = v128.load(row2 + at);
      const a3 = v128.load(row3 + at);
      const y = v128.load(vector + at);
      s0 = f64x2.add(s0, f64x2.mul(a0, y));
      s1 = f64x2.add(s1, f64x2.mul(a1, y));
      s2 = f64x2.add(s2, f64x2.mul(a2, y));
      s3 = f64x2.add(s3, f64x2.mul(a3, y));
      const low = f64x2.add(f64x2.mul(a0, x0), f64x2.mul(a1, x1));
      const high = f64x2.add(f64x2.mul(a2, x2), f64x2.mul(a3, x3));
      v128.store(out + at, f64x2.add(v128.load(out + at), f64x2.add(low, high)));
    }
    // The square on the diagonal, by its own lower triangle.
    row0 += square;
    row1 += square;
    row2 += square;
    row3 += square;
    const to = out + square;
    const from = vector + square;
    const y0 = load<f64>(from);
    const y1 = load<f64>(from, 8);
    const y2 = load<f64>(from, 16);
    const y3 = load<f64>(from, 24);
    const b10 = load<f64>(row1);
    const b20 = load<f64>(row2);
    const b21 = load<f64>(row2, 8);
    const b30 = load<f64>(row3);
    const b31 = load<f64>(row3, 8);
    const b32 = load<f64>(row3, 16);
    store<f64>(to, sumOf(s0) + load<f64>(row0) * y0 + b10 * y1 + b20 * y2 + b30 * y3);
    store<f64>(to, sumOf(s1) + b10 * y0 + load<f64>(row1, 8) * y1 + b21 * y2 + b31 * y3, 8);
    store<f64>(to, sumOf(s2) + b20 * y0 + b21 * y1 + load<f64>(row2, 16) * y2 + b32 * y3, 16);
    store<f64>(to, sumOf(s3) + b30 * y0 + b31 * y1 + b32 * y2 + load<f64>(row3, 24) * y3, 24);
  }
}
