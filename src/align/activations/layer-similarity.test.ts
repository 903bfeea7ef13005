import { expect, test } from "vitest";
import { loadDataset } from "../../data/load-dataset.js";
import { createInitialState } from "../../network/initial-state.js";
import { parseArchitecture } from "../../network/parse-architecture.js";
import { onnxRuntime as runtime } from "../../node/onnx-runtime.js";
import { derivePermutationSpec } from "../spec/derive-spec.js";
import { applyPermutation } from "../unit-maps/apply-permutation.js";
import { randomPermutation } from "../unit-maps/random-permutation.js";
import { layerSimilarity } from "./layer-similarity.js";

const { network } = parseArchitecture("resnet20:width=0.5,channels=1");
const images = [await loadDataset("pen", { split: "train", limit: 32 })];
const options = { images, batch: 32, batches: 1, runtime, threads: 1 };

test("CKA does not see the order of units, correlation does", async () => {
  const a = createInitialState(network, { seed: 1 });
  const spec = derivePermutationSpec(network);
  const b = applyPermutation(a, randomPermutation(spec, { seed: 1 }), { spec });
  for (const { cka, correlation } of await layerSimilarity({ network, a, b: a }, options)) {
    expect(cka).toBeCloseTo(1, 3);
    // A unit that does nothing on these images is like none.
    expect(correlation).toBeGreaterThan(0.9);
  }
  for (const { cka, correlation } of await layerSimilarity({ network, a, b }, options)) {
    expect(cka).toBeCloseTo(1, 3);
    expect(correlation).toBeLessThan(0.7);
  }
});

test("networks of different weights are less alike", async () => {
  const [a, b] = [1, 2].map((seed) => createInitialState(network, { seed }));
  const similarity = await layerSimilarity({ network, a, b }, options);
  expect(Math.min(...similarity.map(({ cka }) => cka))).toBeLessThan(0.95);
});
