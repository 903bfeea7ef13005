import { describe, expect, test } from "vitest";
import { createRandom } from "../../core/random.js";
import { createAssignmentSolver } from "./assignment-solver.js";
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
