// Products of matrices, tile by tile: four rows and two vectors of columns stay in registers while the depth is run
// through. The factors come packed in the order in which they are read: for each tile of rows (or columns) and each
// depth, the tile's elements one after the other.

const TILE_ROWS = 4;

// @ts-ignore: decorator
@inline
function splat<T>(at: usize): v128 {
  return sizeof<T>() == 4 ? v128.load32_splat(at) : v128.load64_splat(at);
}

// @ts-ignore: decorator
@inline
function multiplyAdd<T>(sum: v128, x: v128, y: v128): v128 {
  return v128.add<T>(sum, v128.mul<T>(x, y));
}

/** out[rows, columns] = Σ over depth of a · b; `out` row by row, its rows `columnTiles` tiles wide. */
// @ts-ignore: decorator
@inline
function product<T>(out: usize, a: usize, b: usize, rowTiles: i32, columnTiles: i32, depth: i32): void {
  const stride = <usize>columnTiles << 5;
  const aTile = <usize>depth * TILE_ROWS * sizeof<T>();
  const bTile = <usize>depth << 5;
  for (let j = 0; j < columnTiles; j++) {
    for (let i = 0; i < rowTiles; i++) {
      let left = a + <usize>i * aTile;
      let right = b + <usize>j * bTile;
      let s00 = v128.splat<T>(0);
      let s01 = s00;
      let s10 = s00;
      let s11 = s00;
      let s20 = s00;
      let s21 = s00;
      let s30 = s00;
      let s31 = s00;
      for (let k = 0; k < depth; k++) {
        const y0 = v128.load(right);
        const y1 = v128.load(right, 16);
        let x = splat<T>(left);
        s00 = multiplyAdd<T>(s00, x, y0);
        s01 = multiplyAdd<T>(s01, x, y1);
        x = splat<T>(left + sizeof<T>());
        s10 = multiplyAdd<T>(s10, x, y0);
        s11 = multiplyAdd<T>(s11, x, y1);
        x = splat<T>(left + 2 * sizeof<T>());
        s20 = multiplyAdd<T>(s20, x, y0);
        s21 = multiplyAdd<T>(s21, x, y1);
        x = splat<T>(left + 3 * sizeof<T>());
        s30 = multiplyAdd<T>(s30, x, y0);
        s31 = multiplyAdd<T>(s31, x, y1);
        left += TILE_ROWS * sizeof<T>();
        right += 32;
      }
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

export function product_f32(out: usize, a: usize, b: usize, rowTiles: i32, columnTiles: i32, depth: i32): void {
  product<f32>(out, a, b, rowTiles, columnTiles, depth);
}
export function product_f64(out: usize, a: usize, b: usize, rowTiles: i32, columnTiles: i32, depth: i32): void {
  product<f64>(out, a, b, rowTiles, columnTiles, depth);
}
