import { describe, expect, test } from "vitest";
import { buildGoldenNetwork, goldenNetworks, goldenState } from "../../test/support/golden-networks.js";
import { hasSharedCheckpoints, sharedCheckpoint } from "../../test/support/shared-files.js";
import { loadDataset } from "../data/load-dataset.js";
import type { Network } from "../network/graph.js";
import { createInitialState } from "../network/initial-state.js";
import { parseArchitecture } from "../network/parse-architecture.js";
import { toStateDict } from "../node/index.js";
import { onnxRuntime as runtime } from "../node/onnx-runtime.js";
import { createTensor, type StateDict } from "../tensor/tensor.js";
import { align } from "./align.js";
import { applyPermutation, invertPermutation } from "./apply-permutation.js";
import { createAssignmentSolver } from "./assignment.js";
import { derivePermutationSpec } from "./derive-spec.js";
import { descend } from "./descend.js";
import { createGroupScores } from "./group-scores.js";
import { createMatrixProduct } from "./matrix-product.js";
import { randomPermutation } from "./random-permutation.js";

const lenet = parseArchitecture("lenet5").network;
const small = parseArchitecture("vgg16:width=0.0625").network;
const stateOf = (network: Network, seed: number): StateDict => createInitialState(network, { seed });

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

  test.each(["chain", "random"] as const)("the objective never falls (%s)", async (order) => {
    const spec = derivePermutationSpec(small);
    const [a, b] = [stateOf(small, 1), stateOf(small, 2)];
    const keys = [...small.state].filter(([, { kind }]) => kind === "parameter").map(([key]) => key);
    const product = await createMatrixProduct(runtime, { threads: 1 });
    const groups = createGroupScores(a, b, { spec, keys, product });
    const solver = await createAssignmentSolver();
    const { objective, sweeps } = await descend({ a, b }, groups, { spec, keys, solver, sweeps: 50, order, seed: 1 });
    await product.close();
    expect(sweeps).toBeGreaterThan(2);
    for (let i = 1; i < objective.length; i++)
      expect(objective[i]).toBeGreaterThanOrEqual(objective[i - 1] * (1 - 1e-7));
  });

  test("a network of its own is not needed for a plain chain, and dtypes stay", async () => {
    const a = stateOf(lenet, 1);
    const half = new Map(
      [...a].map(([key, { shape }]) => [
        key,
        createTensor(
          "bf16",
          shape,
          new Array(shape.reduce((n, s) => n * s, 1)).fill(0).map((_, i) => ((i * 7919) % 251) / 251 - 0.5),
        ),
      ]),
    );
    const spec = derivePermutationSpec(lenet);
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

describe("activation matching", () => {
  // Batch normalisation keeps every unit of it alive; those that never are cannot be told apart.
  const network = parseArchitecture("resnet20:width=0.5,channels=1").network;

  test.each(["correlation", "inner-product", "distance"])("%s puts a permuted network back", async (metric) => {
    const images = await Promise.all(["pen", "plate"].map((name) => loadDataset(name, { split: "train", limit: 32 })));
    const spec = derivePermutationSpec(network);
    const a = stateOf(network, 1);
    const b = applyPermutation(a, randomPermutation(spec, { seed: 2 }), { spec });
    const options = { runtime, network, threads: 1, data: { images }, params: { metric, batches: 1 } };
    const { models, matcher, similarity } = await align([a, b], options);
    expect(matcher).toBe("activations");
    expect(models[1]).toEqual(a);
    expect([...(similarity?.keys() ?? [])]).toEqual([...spec.groups.keys()]);
  });
});

describe("matching of many", () => {
  test("brings permuted copies of one network together", async () => {
    const spec = derivePermutationSpec(lenet);
    const a = stateOf(lenet, 1);
    const copies = [2, 3].map((seed) => applyPermutation(a, randomPermutation(spec, { seed }), { spec }));
    const { models } = await align([a, ...copies], { runtime, network: lenet, using: "merge-many", threads: 1 });
    expect(models[1]).toEqual(a);
    expect(models[2]).toEqual(a);
  });
});

describe("bad input", () => {
  const a = stateOf(lenet, 1);

  test("a matcher that needs images says so", async () => {
    await expect(
      align([a, a], { runtime, using: "activations", network: lenet }),
    ).rejects.toThrowErrorMatchingInlineSnapshot(
      `[OnebasinError: Matcher "activations" compares what units do on images; none were given.]`,
    );
  });

  test("networks of different depth are told apart key by key", async () => {
    const b = stateOf(small, 1);
    await expect(align([a, b], { runtime, network: lenet })).rejects.toThrow(
      'b lacks key "conv1.weight" [6, 1, 5, 5] of lenet5.',
    );
  });

  test("an unknown matcher gets the nearest name", async () => {
    await expect(align([a, a], { runtime, using: "weight" })).rejects.toMatchObject({
      hint: expect.stringContaining('"weights"'),
    });
  });

  test("one model is too few", async () => {
    await expect(align([a], { runtime, network: lenet })).rejects.toThrow(
      'The matcher "weights" takes 2 models, 1 given.',
    );
  });

  test("numbers that are none are named", async () => {
    const b = new Map(a).set("fc1.bias", createTensor("f32", [120], new Array(120).fill(Number.NaN)));
    await expect(align([a, b], { runtime, network: lenet, threads: 1 })).rejects.toMatchObject({ code: "non-finite" });
  });
});
