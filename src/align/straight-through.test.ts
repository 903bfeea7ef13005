import { beforeAll, describe, expect, test } from "vitest";
import type { ImageSet } from "../data/image-set.js";
import { loadDataset } from "../data/load-dataset.js";
import { createInitialState } from "../network/initial-state.js";
import { parseArchitecture } from "../network/parse-architecture.js";
import { onnxRuntime as runtime } from "../node/onnx-runtime.js";
import { tensorFloats } from "../tensor/float32.js";
import type { StateDict, Tensor } from "../tensor/tensor.js";
import { chooseOptimizer } from "../train/choose.js";
import { runTraining } from "../train/run-training.js";
import { align } from "./align.js";
import { applyPermutation } from "./apply-permutation.js";
import { derivePermutationSpec } from "./derive-spec.js";
import { createLossGradient } from "./loss-gradient.js";
import { randomPermutation } from "./random-permutation.js";
import { takeBatches } from "./take-batches.js";

const run = { runtime, threads: 1 };
const { network } = parseArchitecture("mlp:layers=784-128-64-10");
let images: ImageSet;
const states: StateDict[] = [];

beforeAll(async () => {
  images = await loadDataset("pen", { split: "train", limit: 640 });
  const training = { ...run, epochs: 10, batch: 32, rate: 0.003, optimizer: chooseOptimizer("adam") };
  for (const seed of [1, 2]) states.push((await runTraining(network, images, { ...training, seed })).state);
});

describe("the gradient of the loss", () => {
  test.each(["mlp:layers=1024-12-10", "vgg16:width=0.03125", "resnet20:width=0.25,channels=1"])(
    "%s: is that of differences",
    async (name) => {
      const known = parseArchitecture(name).network;
      const state = createInitialState(known, { seed: 1 });
      const pen = await loadDataset("pen", { split: "train", limit: 16 });
      const [batch] = takeBatches(known, { images: [pen], batch: 16, batches: 1, seed: 0 });
      const gradient = await createLossGradient(known, { ...run, batch: 16 });
      const { loss, gradients } = await gradient.run(state, batch);
      expect(loss).toBeGreaterThan(0);
      // One direction in all parameters at once, along the gradient.
      const length = Math.sqrt([...gradients.values()].flatMap((it) => [...it]).reduce((sum, g) => sum + g * g, 0));
      const at = async (step: number): Promise<number> => {
        const moved = new Map(state);
        for (const [key, values] of gradients) {
          const { shape } = state.get(key) as Tensor;
          const numbers = tensorFloats(state.get(key) as Tensor).map((value, i) => value + (step * values[i]) / length);
          moved.set(key, { dtype: "f32", shape, bytes: new Uint8Array(numbers.buffer) });
        }
        return (await gradient.run(moved, batch)).loss;
      };
      const step = 0.001;
      const slope = ((await at(step)) - (await at(-step))) / (2 * step);
      await gradient.close();
      expect(slope / length).toBeGreaterThan(0.97);
      expect(slope / length).toBeLessThan(1.03);
    },
  );
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
