import { describe, expect, test } from "vitest";
import { OnebasinError } from "../core/errors.js";
import { createRandom } from "../core/random.js";
import { loadMultiply, type Multiply } from "./load-multiply.js";
import { type Matrix, rowOf } from "./matrix.js";
import type { Svd } from "./svd.js";
import { truncatedSvd } from "./truncated-svd.js";

const multiply: Multiply = await loadMultiply();

function random(rows: number, cols: number, name = "matrix"): Matrix {
  const source = createRandom(3, "svd test", name, rows * 1000 + cols);
  return { rows, cols, values: Float64Array.from({ length: rows * cols }, () => source.normal()) };
}

/** leftᵀ · diag(singular) · right */
function compose({ singular, left, right }: Svd): Matrix {
  const scaled: Matrix = {
    ...left,
    values: left.values.map((value, i) => value * singular[Math.floor(i / left.cols)]),
  };
  return multiply(scaled, right, { transposeA: true });
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from({ length: a.length }, (_, i) => Math.abs(a[i] - b[i])).reduce((x, y) => Math.max(x, y), 0);

/** How far rows are from unit vectors at right angles. */
function skew(rows: Matrix): number {
  const { values } = multiply(rows, rows, { transposeB: true });
  const unit = Float64Array.from(values, (_, i) => (i % (rows.rows + 1) === 0 ? 1 : 0));
  return largestDifference(values, unit);
}

const GRADED: Matrix = (() => {
  const matrix = random(60, 60);
  for (let i = 0; i < 60; i++) for (let k = 0; k < 60; k++) rowOf(matrix, i)[k] *= 10 ** (-i / 5);
  return matrix;
})();

const SHAPES: readonly [string, Matrix][] = [
  ["one number", random(1, 1)],
  ["a row", random(1, 9)],
  ["a column", random(9, 1)],
  ["wide", random(20, 33)],
  ["tall", random(70, 31)],
  ["square", random(65, 65)],
  ["of rank 3", multiply(random(40, 3), random(3, 50, "other"))],
  ["zeros", { rows: 4, cols: 6, values: new Float64Array(24) }],
  ["the identity", { rows: 8, cols: 8, values: Float64Array.from({ length: 64 }, (_, i) => (i % 9 === 0 ? 1 : 0)) }],
  ["nearly singular", GRADED],
  ["huge", { ...random(7, 5), values: random(7, 5).values.map((value) => value * 1e300) }],
  ["tiny", { ...random(7, 5), values: random(7, 5).values.map((value) => value * 1e-300) }],
];

describe.each(SHAPES)("the whole decomposition of a matrix: %s", (_, matrix) => {
  const { rows, cols, values } = matrix;
  const rank = Math.min(rows, cols);

  test("has unit vectors at right angles, values from the largest down, and gives the matrix back", async () => {
    const found = await truncatedSvd(values, { rows, cols, rank });
    expect([found.left.rows, found.left.cols, found.right.rows, found.right.cols]).toEqual([rank, rows, rank, cols]);
    // A few roundings for each element of a row.
    expect(skew(found.left)).toBeLessThan(1e-12);
    expect(skew(found.right)).toBeLessThan(1e-12);
    expect([...found.singular]).toEqual([...found.singular].sort((a, b) => b - a));
    expect(found.singular[rank - 1]).toBeGreaterThanOrEqual(0);
    const scale = found.singular[0] || 1;
    expect(largestDifference(compose(found).values, values) / scale).toBeLessThan(1e-13);
  });
});

test("values are those of the matrix they were made from", async () => {
  const n = 24;
  const { left: u, right: v } = await truncatedSvd(random(n, n).values, { rows: n, cols: n, rank: n });
  const wanted = Float64Array.from({ length: n }, (_, i) => 2 ** (3 - i));
  const { values } = compose({ singular: wanted, left: u, right: v });
  const { singular } = await truncatedSvd(values, { rows: n, cols: n, rank: n });
  expect(largestDifference(singular, wanted)).toBeLessThan(1e-13);
});

test("values of the Hilbert matrix are those that NumPy 2.4 finds", async () => {
  const n = 8;
  const values = Float64Array.from({ length: n * n }, (_, i) => 1 / (1 + Math.floor(i / n) + (i % n)));
  const { singular } = await truncatedSvd(values, { rows: n, cols: n, rank: n });
  // numpy.linalg.svd(1 / (1 + i + j)), f64: values from 1.7 to 1e-10, of which each is right to 1e-15 of the largest.
  const expected = [
    1.6959389969219496, 0.29812521131693065, 0.02621284357811905, 0.0014676881177418427, 5.4369433697499775e-5,
    1.2943320918688685e-6, 1.7988737459490703e-8, 1.1115389812040764e-10,
  ];
  expect(largestDifference(singular, expected)).toBeLessThan(2e-15);
});

test("a few of many are found by search, and are those of the whole decomposition", async () => {
  const [rows, cols] = [180, 240];
  const { left, right } = await truncatedSvd(random(rows, cols).values, { rows, cols, rank: rows });
  const falling = Float64Array.from({ length: rows }, (_, i) => 0.8 ** i);
  const { values } = compose({ singular: falling, left, right });
  const few = await truncatedSvd(values, { rows, cols, rank: 6, seed: 5 });
  expect(largestDifference(few.singular, falling.slice(0, 6))).toBeLessThan(1e-14);
  for (let i = 0; i < 6; i++) {
    const along = rowOf(few.right, i).reduce((sum, value, k) => sum + value * rowOf(right, i)[k], 0);
    expect(Math.abs(along)).toBeGreaterThan(1 - 1e-12);
  }
  expect(skew(few.left)).toBeLessThan(1e-12);
});

test("a few of many that hardly fall off are those of the whole decomposition all the same", async () => {
  const [rows, cols] = [90, 100];
  const { values } = random(rows, cols);
  const whole = await truncatedSvd(values, { rows, cols, rank: rows });
  const few = await truncatedSvd(values, { rows, cols, rank: 3 });
  expect(largestDifference(few.singular, whole.singular.slice(0, 3))).toBeLessThan(1e-12);
});

test("a search that may end early finds nearly as much, with unit vectors at right angles", async () => {
  const [rows, cols] = [180, 200];
  const { values } = random(rows, cols);
  const squares = ({ singular }: Svd): number => singular.reduce((sum, value) => sum + value * value, 0);
  const few = await truncatedSvd(values, { rows, cols, rank: 6, enough: 1e-3 });
  const most = squares(await truncatedSvd(values, { rows, cols, rank: 6 }));
  // Noise, whose values hardly fall off, is the worst case.
  expect(squares(few) / most).toBeGreaterThan(0.97);
  expect(squares(few)).toBeLessThanOrEqual(most * (1 + 1e-12));
  expect(skew(few.left)).toBeLessThan(1e-12);
  expect(skew(few.right)).toBeLessThan(1e-12);
});

test("the same bytes each time", async () => {
  const { values } = multiply(random(120, 5), random(5, 90, "other"));
  const find = (): Promise<Svd> => truncatedSvd(Float32Array.from(values), { rows: 120, cols: 90, rank: 5, seed: 1 });
  expect(await find()).toEqual(await find());
});

test("refuses what is no matrix", async () => {
  await expect(truncatedSvd(new Float32Array(5), { rows: 2, cols: 3, rank: 1 })).rejects.toThrow(OnebasinError);
  const bad = Float32Array.of(1, Number.NaN);
  await expect(truncatedSvd(bad, { rows: 1, cols: 2, rank: 1 })).rejects.toMatchObject({ code: "bad-argument" });
});
