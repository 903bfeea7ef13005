import { expect, test } from "vitest";
import { createRandom } from "../core/random.js";
import { addScaled } from "./add-scaled.js";
import { descendQuadratic } from "./descend-quadratic.js";
import { loadMultiply } from "./load-multiply.js";
import { type Matrix, zeros } from "./matrix.js";

const multiply = await loadMultiply();

function random(rows: number, cols: number, name: string): Matrix {
  const source = createRandom(6, "descend test", name, rows * 1000 + cols);
  return { rows, cols, values: Float64Array.from({ length: rows * cols }, () => 0.01 * source.normal()) };
}

interface Quadratic {
  readonly inputs: Matrix;
  readonly target: Matrix;
}

/** Adam in f64 throughout, with each gradient found anew. */
function plainAdam({ values, ...shape }: Matrix, { inputs, target }: Quadratic, steps: number, rate: number): void {
  const mean = new Float64Array(values.length);
  const square = new Float64Array(values.length);
  for (let step = 1; step <= steps; step++) {
    const { values: slope } = addScaled(multiply({ values, ...shape }, inputs), target, -1);
    for (let k = 0; k < values.length; k++) {
      mean[k] += 0.1 * (2 * slope[k] - mean[k]);
      square[k] += 0.001 * (4 * slope[k] * slope[k] - square[k]);
      const root = Math.sqrt(square[k] / (1 - 0.999 ** step));
      values[k] -= (rate * mean[k]) / ((1 - 0.9 ** step) * (root + 1e-8));
    }
  }
}

// One number; a tile and around it; more than a strip of rows, more than a block of columns and of depth.
test.each([
  [1, 1, 20],
  [8, 4, 20],
  [7, 5, 20],
  [9, 3, 0],
  [9, 130, 300],
  [300, 270, 40],
])("%i rows of %i columns move in %i steps as they do by plain Adam", async (rows, cols, steps) => {
  const start = random(rows, cols, "start");
  const parts = [random(rows, cols, "first"), random(rows, cols, "second")];
  const quadratic = { inputs: zeros(cols, cols), target: zeros(rows, cols) };
  for (const part of parts) {
    const square = part.values.reduce((sum, value) => sum + value * value, 0);
    const own = multiply(part, part, { transposeA: true });
    addScaled(quadratic.inputs, own, 1 / square);
    addScaled(quadratic.target, multiply(part, own), 1 / square);
  }
  const copy = (): Matrix => ({ ...start, values: start.values.slice() });
  const slope = addScaled(multiply(start, quadratic.inputs), quadratic.target, -1);
  const expected = copy();
  plainAdam(expected, quadratic, steps, 1e-4);
  const norm = (a: Matrix, b: Matrix): number =>
    Math.sqrt(a.values.reduce((sum, value, k) => sum + (value - b.values[k]) ** 2, 0));
  // What a step adds to the gradient has 24 bits in f32, and 53 in f64.
  for (const [precision, error] of [
    ["f32", 1e-6],
    ["f64", 1e-10],
  ] as const) {
    const found = copy();
    await descendQuadratic(found, { slope, curvature: quadratic.inputs, steps, rate: 1e-4, precision });
    expect(norm(found, expected)).toBeLessThanOrEqual(error * norm(expected, start));
  }
});
