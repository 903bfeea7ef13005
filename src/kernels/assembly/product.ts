// Products of matrices, tile by tile: four rows and two vectors of columns stay in registers while the depth is run
// through. The factors come packed in the order in which they are read: for each tile of rows (or columns) and each
// depth, the tile's elements one after the other.

const TILE_ROWS = 4;

// @ts-ignore: decorator
@inline
function multiplyAdd(sum: v128, x: v128, y: v128): v128 {
  return f64x2.add(sum, f64x2.mul(x, y));
}

/** out[rows, columns] = Σ over depth of a · b; `out` row by row, its rows `columnTiles` tiles wide. */
export function product_f64(out: usize, a: usize, b: usize, rowTiles: i32, columnTiles: i32, depth: i32): void {
  const stride = <usize>columnTiles << 5;
  const aTile = <usize>depth * TILE_ROWS * 8;
  const bTile = <usize>depth << 5;
  for (let j = 0; j < columnTiles; j++) {
    for (let i = 0; i < rowTiles; i++) {
      let left = a + <usize>i * aTile;
      let right = b + <usize>j * bTile;
      let s00 = f64x2.splat(0);
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
        let x = v128.load64_splat(left);
        s00 = multiplyAdd(s00, x, y0);
        s01 = multiplyAdd(s01, x, y1);
        x = v128.load64_splat(left, 8);
        s10 = multiplyAdd(s10, x, y0);
        s11 = multiplyAdd(s11, x, y1);
        x = v128.load64_splat(left, 16);
        s20 = multiplyAdd(s20, x, y0);
        s21 = multiplyAdd(s21, x, y1);
        x = v128.load64_splat(left, 24);
        s30 = multiplyAdd(s30, x, y0);
        s31 = multiplyAdd(s31, x, y1);
        left += TILE_ROWS * 8;
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
