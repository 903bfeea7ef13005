import { describe, expect, test } from "vitest";
import { buildGoldenNetwork, goldenNetworks, goldenState } from "../../../test/support/golden-networks.js";
import { loadDataset } from "../../data/load-dataset.js";
import { evaluate } from "../../evaluate/evaluate.js";
import { interpolate } from "../../evaluate/interpolate.js";
import { createInference } from "../../network/inference.js";
import { createInitialState } from "../../network/initial-state.js";
import { parseArchitecture } from "../../network/parse-architecture.js";
import { onnxRuntime as runtime } from "../../node/onnx-runtime.js";
import { repair } from "../../repair/repair.js";
import { floatsTensor, tensorFloats } from "../../tensor/float32.js";
import { createTensor, type StateDict, type Tensor, tensorNumbers } from "../../tensor/tensor.js";
import { chooseOptimizer } from "../../train/choose.js";
import { runTraining } from "../../train/run-training.js";
import { align } from "../align.js";
import { derivePermutationSpec } from "../spec/derive-spec.js";
import { applyPermutation } from "../unit-maps/apply-permutation.js";
import { randomPermutation } from "../unit-maps/random-permutation.js";

const using = "transport";
const logits = async (network: Parameters<typeof createInference>[0], state: StateDict): Promise<number[]> => {
  const inference = await createInference(network, state, { runtime, threads: 1 });
  const [{ shape = [] }] = network.inputs;
  const sizes = shape.map((size) => (typeof size === "number" ? size : 3));
  const count = sizes.reduce((product, size) => product * size, 1);
  const outputs = await inference.run(
    floatsTensor(
      sizes,
      Float32Array.from({ length: count }, (_, i) => Math.sin(i)),
    ),
  );
  await inference.close();
  return [...tensorFloats(outputs[network.outputs[0].name])];
};

/** Every unit of a hidden layer twice; who hears them gives each half. */
function doubled(state: StateDict, layers: readonly string[]): StateDict {
  const wide = new Map(state);
  const twice = (key: string, axis: number, scale: number): void => {
    const { shape } = wide.get(key) as Tensor;
    const numbers = tensorNumbers(wide.get(key) as Tensor);
    const run = shape.slice(axis + 1).reduce((product, size) => product * size, 1);
    const copies: number[] = [];
    for (let i = 0; i < numbers.length; i += run) {
      for (const _ of [0, 1]) for (let k = 0; k < run; k++) copies.push(scale * numbers[i + k]);
    }
    wide.set(
      key,
      createTensor(
        "f32",
        shape.map((size, it) => (it === axis ? 2 * size : size)),
        copies,
      ),
    );
  };
  for (const [i, layer] of layers.entries()) {
    if (i > 0) twice(`${layer}.weight`, 1, 0.5);
    if (i === layers.length - 1) break;
    twice(`${layer}.weight`, 0, 1);
    twice(`${layer}.bias`, 0, 1);
  }
  return wide;
}

describe("transport", () => {
  test.each(Object.keys(goldenNetworks))(
    "%s: between equal widths it is a permutation, and the right one",
    async (name) => {
      const network = buildGoldenNetwork(name);
      const spec = derivePermutationSpec(network);
      const a = goldenState(network);
      const b = applyPermutation(a, randomPermutation(spec, { seed: 2 }), { spec });
      const { models, isKept } = await align([a, b], { runtime, network, using, threads: 1 });
      expect(isKept).toEqual([true]);
      expect(models[1]).toEqual(a);
    },
  );

  test.each(["correlation", "inner-product", "distance"])(
    "a network whose units were doubled and mixed up comes back (%s)",
    async (metric) => {
      const { network } = parseArchitecture("mlp:layers=16-12-8-4");
      const wide = parseArchitecture("mlp:layers=16-24-16-4").network;
      const a = createInitialState(network, { seed: 1 });
      const spec = derivePermutationSpec(wide);
      const b = applyPermutation(doubled(a, ["0", "2", "4"]), randomPermutation(spec, { seed: 3 }), { spec });
      const options = { runtime, networks: [network, wide], using, threads: 1, params: { metric } };
      const { models, isKept, distances } = await align([a, b], options);
      expect(isKept).toEqual([false]);
      expect(distances[0].before).toBeNaN();
      expect(distances[0].after).toBeLessThan(1e-5);
      const [before, after] = [await logits(wide, b), await logits(network, models[1])];
      for (const [i, value] of after.entries()) expect(value).toBeCloseTo(before[i], 4);
    },
  );

  test("the wider one may be the first, and a plain chain needs no network", async () => {
    const a = createInitialState(parseArchitecture("mlp:layers=16-12-8-4").network, { seed: 1 });
    const { network } = parseArchitecture("mlp:layers=16-24-16-4");
    const b = doubled(a, ["0", "2", "4"]);
    const { models } = await align([b, a], { runtime, using, threads: 1 });
    const [before, after] = [await logits(network, b), await logits(network, models[1])];
    for (const [i, value] of after.entries()) expect(value).toBeCloseTo(before[i], 4);
  });

  test("smoothing mixes, and keeps the function no more", async () => {
    const { network } = parseArchitecture("mlp:layers=16-12-8-4");
    const [a, b] = [1, 2].map((seed) => createInitialState(network, { seed }));
    const { isKept, maps } = await align([a, b], { runtime, network, using, threads: 1, params: { entropy: 0.05 } });
    expect(isKept).toEqual([false]);
    const plan = maps[0].get("0");
    expect(plan instanceof Uint32Array ? 0 : plan?.shares.filter((share) => share > 1e-4).length).toBeGreaterThan(12);
  });

  test("networks that differ in more than widths are refused, all differences at once", async () => {
    const a = createInitialState(parseArchitecture("mlp:layers=16-12-8-4").network, { seed: 1 });
    const b = createInitialState(parseArchitecture("mlp:layers=16-24-16-12-5").network, { seed: 1 });
    await expect(align([a, b], { runtime, using })).rejects.toThrowErrorMatchingInlineSnapshot(
      `
      [OnebasinError: 3 problems with the models to align:
        - Key "4.bias": a has [4], b has [12].
        - Key "6.weight": a has nothing, b has [5, 12].
        - Key "6.bias": a has nothing, b has [5].]
    `,
    );
  });

  test("activations are not compared without images", async () => {
    const a = createInitialState(parseArchitecture("mlp:layers=16-12-8-4").network, { seed: 1 });
    const params = { by: "activations" };
    await expect(align([a, a], { runtime, using, params })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[OnebasinError: Matcher "transport" compares what units do on images; none were given.]`,
    );
  });
});

test("networks of two widths, trained on two kinds of digits, make one that knows both better than chance", async () => {
  const [narrow, wide] = [
    [48, 24],
    [64, 40],
  ].map(([first, second]) => parseArchitecture(`mlp:layers=784-${first}-${second}-10`).network);
  const load = (name: string, split: "train" | "test") =>
    loadDataset(name, { split, limit: split === "train" ? 1000 : 300 });
  const train = [await load("pen", "train"), await load("plate", "train")];
  const run = { runtime, threads: 1 };
  const training = { ...run, epochs: 6, batch: 25, rate: 0.003, optimizer: chooseOptimizer("adam") };
  const a = (await runTraining(narrow, train[0], { ...training, seed: 1 })).state;
  const b = (await runTraining(wide, train[1], { ...training, seed: 2 })).state;
  const data = { images: train };
  const { models, matcher } = await align([a, b], { ...run, networks: [narrow, wide], using, data });
  expect(matcher).toBe("transport");
  const middle = interpolate(models[0], models[1], 0.5);
  const { state } = await repair({ network: narrow, state: middle }, { ...run, data, parents: models });
  const accuracy = async (name: string): Promise<number> =>
    (await evaluate({ network: narrow, state }, await load(name, "test"), run)).accuracy;
  // Chance is 10 %.
  expect(await accuracy("pen")).toBeGreaterThan(40);
  expect(await accuracy("plate")).toBeGreaterThan(20);
});
