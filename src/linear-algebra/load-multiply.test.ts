import { expect, test } from "vitest";
import { createRandom } from "../core/random.js";
import { loadMultiply } from "./load-multiply.js";
import { type Matrix, zeros } from "./matrix.js";

const multiply = await loadMultiply();

/** Small whole numbers, whose products and sums are exact. */
function whole(rows: number, cols: number, name: string): Matrix {
  const random = createRandom(2, "multiply test", name, rows * 1000 + cols);
  return { rows, cols, values: Float64Array.from({ length: rows * cols }, () => Math.round(4 * random.normal())) };
}

function plain(a: Matrix, b: Matrix): Matrix {
  const out = zeros(a.rows, b.cols);
  for (let i = 0; i < a.rows; i++) {
    for (let k = 0; k < a.cols; k++) {
      const factor = a.values[i * a.cols + k];
      for (let j = 0; j < b.cols; j++) out.values[i * b.cols + j] += factor * b.values[k * b.cols + j];
    }
  }
  return out;
}

function transpose({ rows, cols, values }: Matrix): Matrix {
  return {
    rows: cols,
    cols: rows,
    values: Float64Array.from(values, (_, i) => values[(i % rows) * cols + Math.floor(i / rows)]),
  };
}

// One number; around a tile; around the blocks of rows (128), columns (512) and depth (256).
test.each([
  [1, 1, 1],
  [3, 5, 4],
  [4, 4, 4],
  [5, 3, 7],
  [127, 255, 33],
  [129, 257, 40],
  [6, 513, 513],
  [7, 0, 3],
])("multiplies %i rows of depth %i by %i columns", (rows, depth, cols) => {
  const [a, b] = [whole(rows, depth, "a"), whole(depth, cols, "b")];
  const expected = plain(a, b);
  expect(multiply(a, b)).toEqual(expected);
  expect(multiply(transpose(a), b, { transposeA: true })).toEqual(expected);
  expect(multiply(a, transpose(b), { transposeB: true })).toEqual(expected);
});

test("adds a multiple of the product of parts to a part, and changes nothing else", () => {
  const [a, b, into] = [whole(9, 8, "a"), whole(7, 9, "b"), whole(8, 9, "into")];
  const expected = into.values.slice();
  for (let i = 0; i < 5; i++) {
    for (let j = 0; j < 6; j++) {
      for (let k = 0; k < 3; k++) {
        expected[(2 + i) * 9 + 1 + j] -= 2 * a.values[(1 + k) * 8 + 2 + i] * b.values[(4 + k) * 9 + 3 + j];
      }
    }
  }
  const given = multiply(
    { of: a, row: 1, column: 2, rows: 3, cols: 5 },
    { of: b, row: 4, column: 3, rows: 3, cols: 6 },
    { transposeA: true, into: { of: into, row: 2, column: 1, rows: 5, cols: 6 }, factor: -2 },
  );
  expect(given).toBe(into);
  expect(given.values).toEqual(expected);
});

test("refuses factors that do not fit each other, or what they are added to", () => {
  expect(() => multiply(zeros(2, 3), zeros(2, 3))).toThrow("a product of depths 3 and 2");
  expect(() => multiply(zeros(2, 3), zeros(3, 4), { into: zeros(4, 2) })).toThrow("added to 4 by 2");
});
