import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createAssignmentSolver } from "./assignment-solver.js";

interface Golden {
  readonly cases: readonly { rows: number; columns: number; spread: number; sum: number }[];
}
const golden: Golden = JSON.parse(
  readFileSync(new URL("../../../test/fixtures/assignment.json", import.meta.url), "utf8"),
);

/** The scores of the script that made the golden sums. */
function goldenScores(count: number, spread: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    let mixed = (Math.imul(i, 2654435761) + 12345) >>> 0;
    mixed = Math.imul(mixed ^ (mixed >>> 15), 2246822519) >>> 0;
    mixed = (mixed ^ (mixed >>> 13)) >>> 0;
    return ((mixed % spread) - Math.floor(spread / 2)) / 1024;
  });
}

const sumOf = (scores: Float32Array, columns: number, order: ArrayLike<number>): number =>
  Array.from(order).reduce((sum, column, row) => sum + scores[row * columns + column], 0);

function bestByTrying(scores: Float32Array, rows: number, columns: number, row = 0, used = 0): number {
  if (row === rows) return 0;
  let best = Number.NEGATIVE_INFINITY;
  for (let column = 0; column < columns; column++) {
    if (used & (1 << column)) continue;
    const rest = bestByTrying(scores, rows, columns, row + 1, used | (1 << column));
    best = Math.max(best, scores[row * columns + column] + rest);
  }
  return best;
}

describe("assignment", () => {
  test.each(golden.cases)(
    "$rows × $columns of $spread values has SciPy's sum",
    async ({ rows, columns, spread, sum }) => {
      const scores = goldenScores(rows * columns, spread);
      const order = (await createAssignmentSolver()).assign(scores, { rows, columns });
      expect(new Set(order).size).toBe(rows);
      expect(sumOf(scores, columns, order)).toBe(sum);
    },
  );

  test("is as good as trying every order", async () => {
    const solver = await createAssignmentSolver();
    const problem = fc.tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 0, max: 2 })).chain(([rows, more]) =>
      fc.tuple(
        fc.constant(rows),
        fc.constant(rows + more),
        // Few values, so that many orders are equally good.
        fc.array(fc.integer({ min: -4, max: 4 }), { minLength: rows * (rows + more), maxLength: rows * (rows + more) }),
      ),
    );
    fc.assert(
      fc.property(problem, ([rows, columns, values]) => {
        const scores = Float32Array.from(values);
        const order = solver.assign(scores, { rows, columns });
        expect(new Set(order).size).toBe(rows);
        expect(sumOf(scores, columns, order)).toBe(bestByTrying(scores, rows, columns));
      }),
    );
  });

  test("prices of an earlier solution change nothing but the time", async () => {
    const solver = await createAssignmentSolver();
    const scores = goldenScores(80 * 80, 100_000);
    const prices = new Float64Array(80);
    solver.assign(goldenScores(80 * 80, 99_991), { rows: 80, columns: 80 }, { prices });
    const warm = solver.assign(scores, { rows: 80, columns: 80 }, { prices });
    const cold = solver.assign(scores, { rows: 80, columns: 80 });
    expect(sumOf(scores, 80, warm)).toBe(sumOf(scores, 80, cold));
  });

  test("refuses scores that are no numbers, naming the place", async () => {
    const solver = await createAssignmentSolver();
    expect(() => solver.assign(Float32Array.of(1, 2, Number.NaN, 4), { rows: 2, columns: 2 })).toThrow(
      "The score of row 1 and column 0 is NaN.",
    );
    expect(() => solver.assign(new Float32Array(6), { rows: 3, columns: 2 })).toThrow("at least as many");
  });
});
