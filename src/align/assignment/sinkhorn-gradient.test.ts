import { expect, test } from "vitest";
import { createRandom } from "../../core/random.js";
import { sinkhornGradient } from "./sinkhorn-gradient.js";
import { sinkhornScaling } from "./sinkhorn-scaling.js";

const noise = (name: string, count: number): Float32Array => {
  const random = createRandom(1, "sinkhorn", name);
  return Float32Array.from({ length: count }, () => random.normal());
};

test.each([2, 0.5])("the gradient through the scaling is that of differences at temperature %f", (temperature) => {
  const units = 5;
  const scores = noise("scores", units * units);
  const gradient = noise("gradient", units * units);
  const soft = (given: Float32Array): Float32Array =>
    sinkhornScaling(given, { rows: units, columns: units, temperature, rounds: 5000, tolerance: 1e-9 }).map(
      (share) => share * units,
    );
  const loss = (given: Float32Array): number => soft(given).reduce((sum, value, i) => sum + value * gradient[i], 0);
  const found = sinkhornGradient(soft(scores), gradient, { units, temperature });
  for (const i of found.keys()) {
    const near = (step: number): number => {
      const moved = scores.slice();
      moved[i] += step;
      return loss(moved);
    };
    expect(found[i]).toBeCloseTo((near(0.02) - near(-0.02)) / 0.04, 3);
  }
});
