import { describe, expect, test } from "vitest";
import { buildGoldenNetwork, goldenNetworks, goldenState } from "../../../test/support/golden-networks.js";
import { hasSharedCheckpoints, sharedCheckpoint } from "../../../test/support/shared-files.js";
import { parseArchitecture } from "../../network/parse-architecture.js";
import { toStateDict } from "../../node/index.js";
import { onnxRuntime as runtime } from "../../node/onnx-runtime.js";
import { createTensor, type Tensor } from "../../tensor/tensor.js";
import { align } from "../align.js";
import { derivePermutationSpec } from "../spec/derive-spec.js";
import { applyPermutation } from "../unit-maps/apply-permutation.js";
import { invertPermutation } from "../unit-maps/permutation.js";
import { randomPermutation } from "../unit-maps/random-permutation.js";

describe("weight matching", () => {
  test.each(Object.keys(goldenNetworks))("%s: a permuted network is put back exactly", async (name) => {
    const network = buildGoldenNetwork(name);
    const spec = derivePermutationSpec(network);
    const a = goldenState(network);
    const permutation = randomPermutation(spec, { seed: 2 });
    const b = applyPermutation(a, permutation, { spec });
    const { models, maps, isKept, distances } = await align([a, b], {
      runtime,
      network,
      threads: 1,
      params: { starts: 1 },
    });
    expect(models[1]).toEqual(a);
    expect(maps[0]).toEqual(invertPermutation(permutation));
    expect(isKept).toEqual([true]);
    expect(distances[0].after).toBe(0);
  });

  test("a network of its own is not needed for a plain chain, and dtypes stay", async () => {
    const { network } = parseArchitecture("lenet5");
    const half = new Map(
      [...network.state].map(([key, { shape }]): [string, Tensor] => [
        key,
        createTensor(
          "bf16",
          shape,
          new Array(shape.reduce((n, s) => n * s, 1)).fill(0).map((_, i) => ((i * 7919) % 251) / 251 - 0.5),
        ),
      ]),
    );
    const spec = derivePermutationSpec(network);
    const b = applyPermutation(half, randomPermutation(spec, { seed: 3 }), { spec });
    expect((await align([half, b], { runtime, threads: 1 })).models[1]).toEqual(half);
  });

  test.skipIf(!hasSharedCheckpoints)("two MLPs come as near as Git Re-Basin brings them", async () => {
    const [a, b] = await Promise.all(["mlp-1.pth", "mlp-2.pth"].map((name) => toStateDict(sharedCheckpoint(name))));
    const { distances } = await align([a, b], { runtime, threads: 2 });
    expect(distances[0].before).toBeCloseTo(40.57931824, 6);
    expect(distances[0].after).toBeLessThan(35.3);
  });
});
