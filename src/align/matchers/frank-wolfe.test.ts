import { describe, expect, test } from "vitest";
import { buildGoldenNetwork, goldenNetworks, goldenState } from "../../../test/support/golden-networks.js";
import { createInitialState } from "../../network/initial-state.js";
import { parseArchitecture } from "../../network/parse-architecture.js";
import { onnxRuntime as runtime } from "../../node/onnx-runtime.js";
import type { StateDict } from "../../tensor/tensor.js";
import { align } from "../align.js";
import { innerProduct } from "../scores/inner-product.js";
import { derivePermutationSpec } from "../spec/derive-spec.js";
import { applyPermutation } from "../unit-maps/apply-permutation.js";
import { randomPermutation } from "../unit-maps/random-permutation.js";

const using = "frank-wolfe";

describe("cycle-consistent matching", () => {
  test.each(Object.keys(goldenNetworks))("%s: permuted copies are all put back exactly", async (name) => {
    const network = buildGoldenNetwork(name);
    const spec = derivePermutationSpec(network);
    const a = goldenState(network);
    const copies = [2, 3].map((seed) => applyPermutation(a, randomPermutation(spec, { seed }), { spec }));
    const { models } = await align([a, ...copies], { runtime, network, using, threads: 1 });
    expect(models.slice(1)).toEqual([a, a]);
  });

  const { network } = parseArchitecture("mlp:layers=16-24-12-4");
  const states = [1, 2, 3].map((seed) => createInitialState(network, { seed }));
  const keys = [...network.state.keys()];
  const pairs = ([a, b, c]: readonly StateDict[]): number =>
    innerProduct(a, b, keys) + innerProduct(b, c, keys) + innerProduct(a, c, keys);

  test("every pair counts, so that three are nearer together than when each is aligned with the first", async () => {
    const { models, facts } = await align(states, { runtime, network, using, threads: 1 });
    const [b, c] = await Promise.all(
      states.slice(1).map(async (state) => {
        const alone = await align([states[0], state], { runtime, network, using, threads: 1 });
        return alone.models[1];
      }),
    );
    expect(pairs(models)).toBeGreaterThan(pairs([states[0], b, c]));
    expect(facts.objective).toBeCloseTo(pairs(models), 3);
  });

  test("more starts are never worse, and the same seed finds the same", async () => {
    const options = { runtime, network, using, threads: 1, seed: 5 };
    const one = await align(states, options);
    const more = await align(states, { ...options, params: { starts: 3 } });
    expect(more.facts.objective).toBeGreaterThanOrEqual(one.facts.objective);
    expect(await align(states, { ...options, params: { starts: 3 } })).toEqual(more);
  });

  test("networks that are nearest as they are stay so", async () => {
    const { models } = await align([states[0], states[0]], { runtime, network, using, threads: 1 });
    expect(models[1]).toEqual(states[0]);
  });
});
