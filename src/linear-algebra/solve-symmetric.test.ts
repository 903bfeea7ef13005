import { expect, test } from "vitest";
import { createRandom } from "../core/random.js";
import { loadMultiply } from "./load-multiply.js";
import { type Matrix, zeros } from "./matrix.js";
import { solveSymmetric } from "./solve-symmetric.js";

const multiply = await loadMultiply();

function random(rows: number, cols: number): Matrix {
  const source = createRandom(1, "solve test", rows, cols);
  return { rows, cols, values: Float64Array.from({ length: rows * cols }, () => source.normal()) };
}

// One number, less than a block, a whole number of blocks, and one more.
test.each([1, 5, 96, 192, 193])("solves for a matrix of %i rows", (n) => {
  const root = random(n, n + 20);
  const matrix = multiply(root, root, { transposeB: true });
  const wanted = random(7, n);
  const found = solveSymmetric(matrix, multiply(wanted, matrix), multiply) as Matrix;
  const off = found.values.reduce((most, value, i) => Math.max(most, Math.abs(value - wanted.values[i])), 0);
  // The matrix has a condition of some thousands at most.
  expect(off).toBeLessThan(1e-10);
});

test("reads the lower triangle alone", () => {
  const matrix: Matrix = { rows: 2, cols: 2, values: Float64Array.of(4, Number.NaN, 2, 5) };
  const sides: Matrix = { rows: 1, cols: 2, values: Float64Array.of(8, 12) };
  expect([...(solveSymmetric(matrix, sides, multiply)?.values ?? [])]).toEqual([1, 2]);
});

test.each([
  ["indefinite", [1, 2, 2, 1]],
  ["singular", [1, 1, 1, 1]],
  ["no numbers", [Number.NaN, 0, 0, 1]],
])("knows a matrix that is %s", (_, values) => {
  expect(
    solveSymmetric({ rows: 2, cols: 2, values: Float64Array.from(values) }, zeros(1, 2), multiply),
  ).toBeUndefined();
});
