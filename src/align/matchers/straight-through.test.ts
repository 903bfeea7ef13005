import { beforeAll, describe, expect, test } from "vitest";
import type { ImageSet } from "../../data/image-set.js";
import { loadDataset } from "../../data/load-dataset.js";
import { parseArchitecture } from "../../network/parse-architecture.js";
import { onnxRuntime as runtime } from "../../node/onnx-runtime.js";
import type { StateDict } from "../../tensor/tensor.js";
import { chooseOptimizer } from "../../train/choose.js";
import { runTraining } from "../../train/run-training.js";
import { align } from "../align.js";
import { derivePermutationSpec } from "../spec/derive-spec.js";
import { applyPermutation } from "../unit-maps/apply-permutation.js";
import { randomPermutation } from "../unit-maps/random-permutation.js";

const run = { runtime, threads: 1 };
const { network } = parseArchitecture("mlp:layers=784-128-64-10");
let images: ImageSet;
const states: StateDict[] = [];

beforeAll(async () => {
  images = await loadDataset("pen", { split: "train", limit: 640 });
  const training = { ...run, epochs: 10, batch: 32, rate: 0.003, optimizer: chooseOptimizer("adam") };
  for (const seed of [1, 2]) states.push((await runTraining(network, images, { ...training, seed })).state);
});

describe("straight-through matching", () => {
  const using = "straight-through";
  const params = { epochs: 3, rate: 0.003, batch: 64, batches: 10 };

  test("lowers the loss half-way below that of weight matching, and the same seed does the same", async () => {
    const options = { ...run, network, using, data: { images: [images] }, params };
    const found = await align(states, options);
    expect(found.facts.loss).toBeLessThan(found.facts["loss by weights alone"]);
    expect((await align(states, options)).models).toEqual(found.models);
  });

  test("puts a permuted network back", async () => {
    const spec = derivePermutationSpec(network);
    const b = applyPermutation(states[0], randomPermutation(spec, { seed: 2 }), { spec });
    const options = {
      ...run,
      network,
      using,
      data: { images: [images] },
      params: { ...params, epochs: 1, batches: 2 },
    };
    expect((await align([states[0], b], options)).models[1]).toEqual(states[0]);
  });

  test("says that it needs images, and when they are too few", async () => {
    await expect(align(states, { ...run, network, using })).rejects.toThrow("none were given");
    const options = { ...run, network, using, data: { images: [images] }, params: { batch: 1000 } };
    await expect(align(states, options)).rejects.toThrow("do not fill one batch of 1000");
  });
});
