import { describe, expect, test } from "vitest";
import { createRandom } from "../core/random.js";
import { loadMultiply } from "./load-multiply.js";
import { type Matrix, zeros } from "./matrix.js";
import { type SymmetricEigen, symmetricEigen } from "./symmetric-eigen.js";

const multiply = await loadMultiply();

type Element = (i: number, j: number) => number;

function symmetric(n: number, element: Element): Matrix {
  const matrix = zeros(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) matrix.values[i * n + j] = matrix.values[j * n + i] = element(i, j);
  }
  return matrix;
}

const largest = (values: Float64Array): number => values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

/** What is furthest off, in roundings: of products of the vectors, and of matrix · vector − value · vector. */
function roundings(matrix: Matrix, { values, vectors }: SymmetricEigen): number {
  const n = matrix.rows;
  const products = multiply(vectors, vectors, { transposeB: true }).values;
  for (let i = 0; i < n; i++) products[i * n + i] -= 1;
  const images = multiply(vectors, matrix).values;
  for (let i = 0; i < n * n; i++) images[i] -= values[Math.floor(i / n)] * vectors.values[i];
  const scale = largest(values) || 1;
  return Math.max(largest(products), largest(images) / scale) / Number.EPSILON;
}

const KINDS: readonly [string, (n: number) => Element][] = [
  ["random", (n) => source(n)],
  ["zeros", () => () => 0],
  ["the identity", () => (i, j) => (i === j ? 1 : 0)],
  ["ones, of rank one", () => () => 1],
  ["of rank two", () => (i, j) => i + j],
  ["tridiagonal already", () => (i, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0)],
  [
    "of pairs that hardly differ (Wilkinson)",
    (n) => (i, j) => (i === j ? Math.abs(2 * i - n + 1) / 2 : +(i - j === 1)),
  ],
  ["graded down", (n) => scaled(source(n), (i, j) => 10 ** (-(i + j) / 5))],
  ["graded up", (n) => scaled(source(n), (i, j) => 10 ** ((i + j) / 5))],
  ["of three clusters", (n) => (i, j) => (i === j ? i % 3 : 0) + 1e-14 * ((i * 7 + j * 7 + n) % 5)],
  ["of two blocks", () => (i, j) => (i === j ? 1 : 0) + (i < 2 && j < 2 ? 3 : 0)],
  ["huge", (n) => scaled(source(n), () => 1e300)],
  ["tiny", (n) => scaled(source(n), () => 1e-300)],
];

function source(n: number): Element {
  const random = createRandom(4, "eigen test", "matrix", n);
  return () => random.normal();
}

function scaled(element: Element, factor: Element): Element {
  return (i, j) => element(i, j) * factor(i, j);
}

// Every size up to some beyond one that is halved; one whose halves are halved; around a panel of reflections; one
// that has a memory of its own.
const SIZES = [...Array.from({ length: 40 }, (_, i) => i + 1), 64, 65, 100, 131, 257];

describe.each(KINDS)("a matrix that is %s", (_, kind) => {
  test("gets vectors at right angles that it only stretches", async () => {
    for (const n of SIZES) {
      const matrix = symmetric(n, kind(n));
      const off = roundings(matrix, await symmetricEigen(matrix, multiply));
      // The errors of sums of n numbers grow like √n.
      expect(off, `n = ${n}`).toBeLessThan(8 * Math.sqrt(n));
    }
  });
});

test("values are those known for the second difference", async () => {
  const n = 300;
  const { values } = await symmetricEigen(
    symmetric(n, (i, j) => (i === j ? 2 : i - j === 1 ? -1 : 0)),
    multiply,
  );
  const known = Float64Array.from({ length: n }, (_, k) => 4 * Math.sin(((k + 1) * Math.PI) / (2 * n + 2)) ** 2);
  expect(largest(values.sort().map((value, i) => value - known[i]))).toBeLessThan(16 * Number.EPSILON);
});

test("reads the lower triangle alone, and leaves the matrix as it is", async () => {
  const matrix: Matrix = { rows: 2, cols: 2, values: Float64Array.of(2, 9, 1, 2) };
  const { values } = await symmetricEigen(matrix, multiply);
  expect([...values.sort()].map((value) => Math.round(value * 1e12) / 1e12)).toEqual([1, 3]);
  expect([...matrix.values]).toEqual([2, 9, 1, 2]);
});

test("gives the same bytes each time, whatever was in the memory before", async () => {
  const matrix = symmetric(90, source(90));
  const first = await symmetricEigen(matrix, multiply);
  await symmetricEigen(symmetric(200, source(200)), multiply);
  expect(await symmetricEigen(matrix, multiply)).toEqual(first);
});
