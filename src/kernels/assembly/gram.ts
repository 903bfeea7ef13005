/**
 * Inner products of rows: out[i, j] = Σ_k a[i, k] · b[j, k], all f32, row by row. `k` elements a row; rows are
 * padded with zeros to a multiple of four elements (`stride`, in bytes).
 */
export function gram_f32(out: usize, a: usize, aRows: i32, b: usize, bRows: i32, stride: usize): void {
  for (let i = 0; i < aRows; i++) {
    const row = a + <usize>i * stride;
    for (let j = 0; j < bRows; j++) {
      const column = b + <usize>j * stride;
      let s0 = f32x4.splat(0);
      let s1 = f32x4.splat(0);
      let at: usize = 0;
      for (; at + 32 <= stride; at += 32) {
        s0 = f32x4.add(s0, f32x4.mul(v128.load(row + at), v128.load(column + at)));
        s1 = f32x4.add(s1, f32x4.mul(v128.load(row + at + 16), v128.load(column + at + 16)));
      }
      if (at < stride) s0 = f32x4.add(s0, f32x4.mul(v128.load(row + at), v128.load(column + at)));
      const s = f32x4.add(s0, s1);
      const total =
        f32x4.extract_lane(s, 0) + f32x4.extract_lane(s, 1) + (f32x4.extract_lane(s, 2) + f32x4.extract_lane(s, 3));
      store<f32>(out + ((<usize>i * bRows + j) << 2), total);
    }
  }
}
