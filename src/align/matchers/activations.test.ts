import { describe, expect, test } from "vitest";
import { loadDataset } from "../../data/load-dataset.js";
import { createInitialState } from "../../network/initial-state.js";
import { parseArchitecture } from "../../network/parse-architecture.js";
import { onnxRuntime as runtime } from "../../node/onnx-runtime.js";
import { align } from "../align.js";
import { derivePermutationSpec } from "../spec/derive-spec.js";
import { applyPermutation } from "../unit-maps/apply-permutation.js";
import { randomPermutation } from "../unit-maps/random-permutation.js";

describe("activation matching", () => {
  // Batch normalisation keeps every unit of it alive; those that never are cannot be told apart.
  const network = parseArchitecture("resnet20:width=0.5,channels=1").network;

  test.each(["correlation", "inner-product", "distance"])("%s puts a permuted network back", async (metric) => {
    const images = await Promise.all(["pen", "plate"].map((name) => loadDataset(name, { split: "train", limit: 32 })));
    const spec = derivePermutationSpec(network);
    const a = createInitialState(network, { seed: 1 });
    const b = applyPermutation(a, randomPermutation(spec, { seed: 2 }), { spec });
    const options = { runtime, network, threads: 1, data: { images }, params: { metric, batches: 1 } };
    const { models, matcher, similarity } = await align([a, b], options);
    expect(matcher).toBe("activations");
    expect(models[1]).toEqual(a);
    expect([...(similarity?.keys() ?? [])]).toEqual([...spec.groups.keys()]);
  });
});
