import { describe, expect, test } from "vitest";
import { loadDataset } from "../../data/load-dataset.js";
import { createInitialState } from "../../network/initial-state.js";
import { parseArchitecture } from "../../network/parse-architecture.js";
import { onnxRuntime as runtime } from "../../node/onnx-runtime.js";
import { align } from "../align.js";
import { innerProduct } from "../scores/inner-product.js";
import { derivePermutationSpec } from "../spec/derive-spec.js";
import { applyPermutation } from "../unit-maps/apply-permutation.js";
import { randomPermutation } from "../unit-maps/random-permutation.js";

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
