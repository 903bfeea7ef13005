import { describe, expect, test } from "vitest";
import { createRandom } from "../core/random.js";
import { createAssignmentSolver } from "./assignment.js";
import { sinkhornScaling } from "./sinkhorn-scaling.js";
import { solveTransport } from "./solve-transport.js";

const noise = (count: number, seed: number): Float32Array => {
  const random = createRandom(seed, "transport");
  return Float32Array.from({ length: count }, () => random.normal());
};
const total = (shares: Float32Array, scores: Float32Array): number =>
  shares.reduce((sum, share, i) => sum + share * scores[i], 0);

function sums(
  shares: Float32Array,
  rows: number,
  columns: number,
): { readonly rows: number[]; readonly columns: number[] } {
  const sum = { rows: new Array<number>(rows).fill(0), columns: new Array<number>(columns).fill(0) };
  for (const [i, share] of shares.entries()) {
    sum.rows[Math.floor(i / columns)] += share;
    sum.columns[i % columns] += share;
  }
  return sum;
}

describe("exact transport", () => {
  test.each([
    [1, 1],
    [1, 7],
    [7, 1],
    [5, 5],
    [6, 4],
    [4, 6],
    [12, 18],
    [31, 24],
  ])("%i × %i: as good as an assignment of units split into equal parts", async (rows, columns) => {
    const scores = noise(rows * columns, rows * 100 + columns);
    const shares = solveTransport(scores, { rows, columns });
    const found = sums(shares, rows, columns);
    for (const sum of found.rows) expect(sum).toBeCloseTo(1 / rows, 6);
    for (const sum of found.columns) expect(sum).toBeCloseTo(1 / columns, 6);
    expect(shares.filter((share) => share > 0).length).toBeLessThan(rows + columns);
    // Each row as `columns` equal parts and each column as `rows`: then it is an assignment.
    const size = rows * columns;
    const parts = new Float32Array(size * size);
    for (let i = 0; i < size; i++) {
      for (let j = 0; j < size; j++)
        parts[i * size + j] = scores[Math.floor(i / columns) * columns + Math.floor(j / rows)];
    }
    const solver = await createAssignmentSolver();
    const order = solver.assign(parts, { rows: size, columns: size });
    const best = order.reduce((sum, column, row) => sum + parts[row * size + column], 0) / size;
    expect(total(shares, scores)).toBeCloseTo(best, 5);
  });

  test("scores that are no numbers are refused", () => {
    expect(() => solveTransport(Float32Array.of(1, Number.NaN), { rows: 1, columns: 2 })).toThrow("column 1 is NaN");
  });
});

describe("Sinkhorn's scaling", () => {
  test.each([10, 1, 0.1, 0.01])("has the sums it should at temperature %f", (temperature) => {
    const [rows, columns] = [9, 14];
    const scores = noise(rows * columns, 1);
    const shares = sinkhornScaling(scores, { rows, columns, temperature, rounds: 100_000 });
    const found = sums(shares, rows, columns);
    for (const sum of found.rows) expect(sum * rows).toBeCloseTo(1, 3);
    for (const sum of found.columns) expect(sum * columns).toBeCloseTo(1, 3);
  });

  test("nears the exact solution as it cools, and evenness as it heats", () => {
    const size = { rows: 9, columns: 14 };
    const scores = noise(9 * 14, 1);
    const exact = total(solveTransport(scores, size), scores);
    const at = (temperature: number): Float32Array =>
      sinkhornScaling(scores, { ...size, temperature, rounds: 100_000 });
    const gaps = [1, 0.1, 0.01].map((temperature) => exact - total(at(temperature), scores));
    expect(gaps[0]).toBeGreaterThan(gaps[1]);
    expect(gaps[1]).toBeGreaterThan(gaps[2]);
    expect(gaps[2]).toBeLessThan(0.01);
    for (const share of at(1e6)) expect(share).toBeCloseTo(1 / (9 * 14), 6);
  });

  test("scores a thousand temperatures apart do not overflow", () => {
    const scores = noise(16, 2).map((score) => score * 1000);
    const shares = sinkhornScaling(scores, { rows: 4, columns: 4, temperature: 0.1, rounds: 1000 });
    expect(shares.every(Number.isFinite)).toBe(true);
  });
});
