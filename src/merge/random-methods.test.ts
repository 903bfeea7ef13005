import { describe, expect, test } from "vitest";
import { stateDictCheckpoint } from "../checkpoint/state-dict-checkpoint.js";
import { createRandom } from "../core/random.js";
import type { Shape } from "../tensor/shape.js";
import { createTensor, type Tensor, tensorNumbers } from "../tensor/tensor.js";
import { readPlan } from "./execute/read-plan.js";
import { planMerge } from "./plan-merge.js";

/** Changes of all sizes on a base of zeros: what is dropped is 0. */
function changes(shape: Shape, name: string): number[] {
  const random = createRandom(1, name);
  return Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => random.normal());
}

async function merged(method: string, shape: Shape, options: { seed: number; params?: object; key?: string }) {
  const key = options.key ?? "layer.weight";
  const checkpoint = (values: readonly number[]) =>
    stateDictCheckpoint("m", new Map([[key, createTensor("f32", shape, values)]]));
  const values = changes(shape, "a");
  const plan = planMerge([{ name: "a", checkpoint: checkpoint(values) }], {
    method,
    base: checkpoint(values.map(() => 0)),
    seed: options.seed,
    params: { ...options.params },
  });
  const tensor = (await readPlan(plan)).get(key) as Tensor;
  return [...tensorNumbers(tensor)];
}

const keptOf = (values: readonly number[]): number => values.filter((value) => value !== 0).length;

describe.each(["dare_linear", "dare_ties", "della", "della_linear"])("%s", (method) => {
  test("keeps its density, over 100 seeds within binomial bounds", async () => {
    const shape = [40, 50];
    const params = { density: 0.4, ...(method.startsWith("della") ? { epsilon: 0.1 } : {}) };
    const count = 2000;
    let total = 0;
    for (let seed = 0; seed < 100; seed++) {
      const kept = keptOf(await merged(method, shape, { seed, params }));
      // Five standard deviations: one false alarm in a million draws.
      expect(Math.abs(kept - 0.4 * count)).toBeLessThan(5 * Math.sqrt(count * 0.4 * 0.6));
      total += kept;
    }
    expect(Math.abs(total - 40 * count)).toBeLessThan(5 * Math.sqrt(100 * count * 0.4 * 0.6));
  });

  test("gives the same bytes for the same seed, and others for another seed or key", async () => {
    const shape = [8, 8];
    const params = { density: 0.5 };
    const first = await merged(method, shape, { seed: 3, params });
    expect(await merged(method, shape, { seed: 3, params })).toEqual(first);
    expect(await merged(method, shape, { seed: 4, params })).not.toEqual(first);
    expect(await merged(method, shape, { seed: 3, params, key: "other.weight" })).not.toEqual(first);
  });

  test("keeps the sum of magnitudes", async () => {
    const shape = [64, 64];
    const sum = (values: readonly number[]): number => values.reduce((total, value) => total + Math.abs(value), 0);
    const found = sum(
      await merged(method, shape, { seed: 1, params: { density: 0.3, rescale: true, normalize: false } }),
    );
    expect(found / sum(changes(shape, "a"))).toBeCloseTo(1, 5);
  });
});

test("della keeps large changes more often than small ones", async () => {
  const shape = [100, 100];
  const values = changes(shape, "a");
  const found = await merged("della_linear", shape, {
    seed: 5,
    params: { density: 0.5, epsilon: 0.4, rescale: false },
  });
  const share = (from: number, to: number): number => {
    const ranked = values.map((value, i) => ({ size: Math.abs(value), kept: found[i] !== 0 }));
    ranked.sort((x, y) => x.size - y.size);
    const part = ranked.slice(from, to);
    return part.filter(({ kept }) => kept).length / part.length;
  };
  expect(share(0, 1000)).toBeLessThan(0.25);
  expect(share(9000, 10000)).toBeGreaterThan(0.75);
});

test.each([
  ["dare_ties", { rescale: false }, 0.25],
  ["dare_ties", { profile: "peft" }, 0.25],
])("%s with %o scales as its profile says", async (method, params, density) => {
  const shape = [50, 50];
  const values = changes(shape, "a");
  const found = await merged(method, shape, { seed: 2, params: { ...params, density } });
  const factor = "profile" in params ? 1 / density : 1;
  for (const [i, value] of found.entries()) {
    if (value !== 0) expect(value).toBeCloseTo(values[i] * factor, 5);
  }
});
