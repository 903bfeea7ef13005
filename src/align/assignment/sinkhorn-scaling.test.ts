import { describe, expect, test } from "vitest";
import { createRandom } from "../../core/random.js";
import { sinkhornScaling } from "./sinkhorn-scaling.js";
import { solveTransport } from "./solve-transport.js";

const noise = (count: number, seed: number): Float32Array => {
  const random = createRandom(seed, "transport");
  return Float32Array.from({ length: count }, () => random.normal());
};
const total = (shares: Float32Array, scores: Float32Array): number =>
  shares.reduce((sum, share, i) => sum + share * scores[i], 0);

describe("Sinkhorn's scaling", () => {
  test.each([10, 1, 0.1, 0.01])("has the sums it should at temperature %f", (temperature) => {
    const [rows, columns] = [9, 14];
    const scores = noise(rows * columns, 1);
    const shares = sinkhornScaling(scores, { rows, columns, temperature, rounds: 100_000 });
    const sum = (isOf: (place: number) => boolean): number =>
      total(
        shares,
        shares.map((_, i) => (isOf(i) ? 1 : 0)),
      );
    for (let row = 0; row < rows; row++) {
      expect(sum((i) => Math.floor(i / columns) === row) * rows).toBeCloseTo(1, 3);
    }
    for (let column = 0; column < columns; column++) {
      expect(sum((i) => i % columns === column) * columns).toBeCloseTo(1, 3);
    }
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
