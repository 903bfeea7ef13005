import { describe, expect, test } from "vitest";
import { createInitialState } from "../../network/initial-state.js";
import { parseArchitecture } from "../../network/parse-architecture.js";
import { onnxRuntime as runtime } from "../../node/onnx-runtime.js";
import { align } from "../align.js";
import { derivePermutationSpec } from "../spec/derive-spec.js";
import { applyPermutation } from "../unit-maps/apply-permutation.js";
import { randomPermutation } from "../unit-maps/random-permutation.js";

const { network } = parseArchitecture("lenet5");

describe("matching of many", () => {
  test("brings permuted copies of one network together", async () => {
    const spec = derivePermutationSpec(network);
    const a = createInitialState(network, { seed: 1 });
    const copies = [2, 3].map((seed) => applyPermutation(a, randomPermutation(spec, { seed }), { spec }));
    const { models } = await align([a, ...copies], { runtime, network, using: "merge-many", threads: 1 });
    expect(models[1]).toEqual(a);
    expect(models[2]).toEqual(a);
  });
});
