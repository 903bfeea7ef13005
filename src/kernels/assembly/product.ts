// Products of matrices, tile by tile: four rows and two vectors of columns stay in registers while the depth is run
// through. The factors come packed in the order in which they are read: for each tile of rows (or columns) and each
// depth, the tile's elements one after the other.
//
// Larger tiles and an unrolled depth were slower: V8 then moves sums between registers and memory.

const TILE_ROWS = 4;

// @ts-ignore: decorator
@inline
function multiplyAdd(sum: v128, x: v128, y: v128): v128 {
  return f64x2.add(sum, f64x2.mul(x, y));
}

/** out[rows, columns] = Σ over depth of a · b; `out` row by row, its rows `columnTiles` tiles wide; `depth` ≥ 1. */
export function product_f64(out: usize, a: usize, b: usize, rowTiles: i32, columnTiles: i32, depth: i32): void {
  const stride = <usize>columnTiles << 5;
  const aTile = <usize>depth * TILE_ROWS * 8;
  const bTile = <usize>depth << 5;
  for (let j = 0; j < columnTiles; j++) {
    for (let i = 0; i < rowTiles; i++) {
      let left = a + <usize>i * aTile;
      let right = b + <usize>j * bTile;
      const end = right + bTile;
      let s00 = f64x2.splat(0);
      let s01 = s00;
      let s10 = s00;
      let s11 = s00;
      let s20 = s00;
      let s21 = s00;
      let s30 = s00;
      let s31 = s00;
      do {
        const x0 = v128.load64_splat(left);
        const x1 = v128.load64_splat(left, 8);
        const x2 = v128.load64_splat(left, 16);
        const x3 = v128.load64_splat(left, 24);
        const y0 = v128.load(right);
        s00 = multiplyAdd(s00, x0, y0);
        s10 = multiplyAdd(s10, x1, y0);
        s20 = multiplyAdd(s20, x2, y0);
        s30 = multiplyAdd(s30, x3, y0);
        const y1 = v128.load(right, 16);
        s01 = multiplyAdd(s01, x0, y1);
        s11 = multiplyAdd(s11, x1, y1);
        s21 = multiplyAdd(s21, x2, y1);
        s31 = multiplyAdd(s31, x3, y1);
        left += TILE_ROWS * 8;
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
