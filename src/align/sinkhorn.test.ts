import { describe, expect, test } from "vitest";
import { createRandom } from "../core/random.js";
import { loadDataset } from "../data/load-dataset.js";
import { createInitialState } from "../network/initial-state.js";
import { parseArchitecture } from "../network/parse-architecture.js";
import { onnxRuntime as runtime } from "../node/onnx-runtime.js";
import { align } from "./align.js";
import { applyPermutation } from "./apply-permutation.js";
import { derivePermutationSpec } from "./derive-spec.js";
import { innerProduct } from "./group-scores.js";
import { randomPermutation } from "./random-permutation.js";
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

describe("Sinkhorn re-basin", () => {
  const run = { runtime, threads: 1 };
  const using = "sinkhorn";
  const { network } = parseArchitecture("mlp:layers=784-12-8-10");
  const spec = derivePermutationSpec(network);
  const [a, other] = [1, 2].map((seed) => createInitialState(network, { seed }));
  const keys = [...network.state.keys()];

  test("puts a permuted network back", async () => {
    const b = applyPermutation(a, randomPermutation(spec, { seed: 2 }), { spec });
    const { models } = await align([a, b], { ...run, network, using, params: { steps: 30 } });
    expect(models[1]).toEqual(a);
  });

  test("brings networks nearer, and the same seed does the same", async () => {
    const options = { ...run, network, using, params: { steps: 40 } };
    const { models, facts, distances } = await align([a, other], options);
    expect(distances[0].after).toBeLessThan(distances[0].before);
    expect(facts.objective).toBeCloseTo(innerProduct(a, models[1], keys), 3);
    expect((await align([a, other], options)).models).toEqual(models);
  });

  test("lowers the loss half-way on images, never above that of the given order", async () => {
    const images = [await loadDataset("pen", { split: "train", limit: 128 })];
    const params = { loss: "data", steps: 20, batch: 32, batches: 4 };
    const first = await align([a, other], {
      ...run,
      network,
      using,
      data: { images },
      params: { ...params, rate: 0, steps: 1 },
    });
    const { facts } = await align([a, other], { ...run, network, using, data: { images }, params });
    expect(facts.loss).toBeLessThan(first.facts.loss);
  });

  test("a loss on images needs images", async () => {
    await expect(align([a, a], { ...run, network, using, params: { loss: "data" } })).rejects.toThrow(
      "none were given",
    );
  });
});
