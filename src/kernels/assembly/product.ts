// Products of matrices, tile by tile: four rows and two vectors of columns (four of f64, eight of f32) stay in
// registers while the depth is run through. The factors come packed in the order in which they are read: for each tile
// of rows (or columns) and each depth, the tile's elements one after the other.
//
// Larger tiles and an unrolled depth were slower: V8 then moves sums between registers and memory.

const TILE_ROWS = 4;

// @ts-ignore: decorator
@inline
function multiplyAdd<T>(sum: v128, x: v128, y: v128): v128 {
  return v128.add<T>(sum, v128.mul<T>(x, y));
}

// @ts-ignore: decorator
@inline
function product<T>(out: usize, a: usize, b: usize, rowTiles: i32, columnTiles: i32, depth: i32): void {
  const stride = <usize>columnTiles << 5;
  const aTile = <usize>depth * (TILE_ROWS * sizeof<T>());
  const bTile = <usize>depth << 5;
  for (let j = 0; j < columnTiles; j++) {
    for (let i = 0; i < rowTiles; i++) {
      let left = a + <usize>i * aTile;
      let right = b + <usize>j * bTile;
      const end = right + bTile;
      let s00 = v128.splat<T>(0);
      let s01 = s00;
      let s10 = s00;
      let s11 = s00;
      let s20 = s00;
      let s21 = s00;
      let s30 = s00;
      let s31 = s00;
      do {
        const x0 = v128.load_splat<T>(left);
        const x1 = v128.load_splat<T>(left, 1 * sizeof<T>());
        const x2 = v128.load_splat<T>(left, 2 * sizeof<T>());
        const x3 = v128.load_splat<T>(left, 3 * sizeof<T>());
        const y0 = v128.load(right);
        s00 = multiplyAdd<T>(s00, x0, y0);
        s10 = multiplyAdd<T>(s10, x1, y0);
        s20 = multiplyAdd<T>(s20, x2, y0);
        s30 = multiplyAdd<T>(s30, x3, y0);
        const y1 = v128.load(right, 16);
        s01 = multiplyAdd<T>(s01, x0, y1);
        s11 = multiplyAdd<T>(s11, x1, y1);
        s21 = multiplyAdd<T>(s21, x2, y1);
        s31 = multiplyAdd<T>(s31, x3, y1);
        left += TILE_ROWS * sizeof<T>();
        right += 32;
      } while (right < end);
      let at = out + <usize>i * TILE_ROWS * stride + (<usize>j << 5);
      v128.store(at, s00);
      v128.store(at, s01, 16);
      at += stride;
      v128.store(at, s10);
      v128.store(at, s11, 16);
      at += stride;
      v128.store(at, s20);
      v128.store(at, s21, 16);
      at += stride;
      v128.store(at, s30);
      v128.store(at, s31, 16);
    }
  }
}

/** out[rows, columns] = Σ over depth of a · b; `out` row by row, its rows `columnTiles` tiles wide; `depth` ≥ 1. */
export function product_f64(out: usize, a: usize, b: usize, rowTiles: i32, columnTiles: i32, depth: i32): void {
  product<f64>(out, a, b, rowTiles, columnTiles, depth);
}
export function product_f32(out: usize, a: usize, b: usize, rowTiles: i32, columnTiles: i32, depth: i32): void {
  product<f32>(out, a, b, rowTiles, columnTiles, depth);
}
