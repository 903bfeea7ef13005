import { describe, expect, test } from "vitest";
import {
  buildGoldenNetwork,
  GOLDEN_BATCH,
  type GoldenSample,
  goldenImages,
  goldenLabels,
  goldenMask,
  goldenNetworks,
  goldenState,
} from "../../test/support/golden-networks.js";
import { findChannelBlock } from "../network/channel-block.js";
import { createInitialState } from "../network/initial-state.js";
import { parseArchitecture } from "../network/parse-architecture.js";
import { onnxRuntime } from "../node/onnx-runtime.js";
import { tensorFloats } from "../tensor/float32.js";
import { tensorNumbers } from "../tensor/tensor.js";
import { chooseOptimizer } from "./choose.js";
import { createTrainingSession, type TrainingSession } from "./training-session.js";
import { buildTrainingStep } from "./training-step.js";

/** The optimizers of the golden values. */
const RUNS: Record<string, { id: string; rate: number; values: Record<string, number>; labelSmoothing: number }> = {
  sgd: { id: "sgd", rate: 0.05, values: { momentum: 0.9, "weight-decay": 5e-4 }, labelSmoothing: 0 },
  "sgd plain": { id: "sgd", rate: 0.02, values: { momentum: 0 }, labelSmoothing: 0.1 },
  adam: { id: "adam", rate: 1e-3, values: { "weight-decay": 1e-2 }, labelSmoothing: 0 },
  adamw: { id: "adamw", rate: 1e-3, values: { "weight-decay": 1e-2 }, labelSmoothing: 0.1 },
};

/** Relative to the largest number of a tensor. PyTorch's own f32 comes to half of this of its f64 (see the script). */
const TOLERANCE = 1e-5;
/** Of the network's largest gradient: one below this is rounding, as of a bias before a batch normalisation. */
const NOTHING = 1e-9;

/** @param scale what the error is relative to */
function expectSample(found: ArrayLike<number>, { values }: GoldenSample, at: { key: string; scale: number }): void {
  for (const [i, value] of values.entries()) {
    const number = found[Math.floor((found.length * i) / values.length)];
    expect(Math.abs(number - value) / at.scale, `${at.key}: ${number} instead of ${value}`).toBeLessThan(TOLERANCE);
  }
}

/** By ONNX's operators, and by the runtime's on blocks of channels where it has them, as `train` does. */
const WAYS = [
  ["plain", undefined],
  ["in blocks", await findChannelBlock(onnxRuntime)],
] as const;

const all = Object.keys(goldenNetworks).flatMap((name) => WAYS.map(([way, block]) => [name, way, block] as const));

describe.each(all)("%s, %s", (name, _, block) => {
  const golden = goldenNetworks[name];
  const network = buildGoldenNetwork(name);
  const labels = tensorNumbers(goldenLabels(golden.logits[0].length));

  function open(kind: string): Promise<TrainingSession> {
    const { id, values, labelSmoothing } = RUNS[kind];
    const chosen = chooseOptimizer(id, values);
    const step = buildTrainingStep([{ network }], { batch: GOLDEN_BATCH, ...chosen, labelSmoothing, block });
    const states = [goldenState(network)];
    return createTrainingSession(step, { runtime: onnxRuntime, threads: 1, seed: 0, states, masks: goldenMask });
  }

  test("gradients are PyTorch's", async () => {
    const session = await open("sgd");
    await session.run([{ images: tensorFloats(goldenImages(1, golden)), labels }], { rate: 0, step: 1 });
    const slots = session.slots();
    await session.close();
    const state = goldenState(network);
    const overall = Math.max(...Object.values(golden.gradients).map(({ largest }) => largest));
    for (const [key, sample] of Object.entries(golden.gradients)) {
      // After one step the momentum is the gradient and the decay.
      const decay = RUNS.sgd.values["weight-decay"];
      const parameter = tensorNumbers(state.get(key)!);
      const direction = tensorFloats(slots.get(`momentum.${key}`)!);
      const gradient = direction.map((value, i) => value - decay * parameter[i]);
      expectSample(gradient, sample, { key, scale: sample.largest > NOTHING * overall ? sample.largest : overall });
    }
  });

  test.each(Object.keys(golden.training))("steps of %s are PyTorch's", async (kind) => {
    const session = await open(kind);
    for (const [index, loss] of golden.training[kind].losses.entries()) {
      const images = tensorFloats(goldenImages(index + 1, golden));
      const [result] = await session.run([{ images, labels }], { rate: RUNS[kind].rate, step: index + 1 });
      expect(Math.abs(result.loss - loss)).toBeLessThan(1e-5 * (1 + loss));
    }
    const state = session.state();
    await session.close();
    expect([...state.keys()]).toEqual([...network.state.keys()]);
    for (const [key, sample] of Object.entries(golden.training[kind].state)) {
      // Counters are whole numbers, of which 0 is one.
      expectSample(tensorNumbers(state.get(key)!), sample, { key, scale: Math.max(sample.largest, Number.MIN_VALUE) });
    }
  });
});

test("the number of right answers is counted before the step", async () => {
  const { network } = parseArchitecture("mlp:layers=4-3");
  const zeros = [...createInitialState(network, { seed: 0 })].map(
    ([key, tensor]) => [key, { ...tensor, bytes: new Uint8Array(tensor.bytes.length) }] as const,
  );
  const step = buildTrainingStep([{ network }], { batch: 4, ...chooseOptimizer("sgd") });
  const session = await createTrainingSession(step, { runtime: onnxRuntime, seed: 0, states: [new Map(zeros)] });
  const images = Float32Array.from({ length: 16 }, (_, i) => i);
  // Equal logits: the first class counts as the answer.
  const [first] = await session.run([{ images, labels: [0, 0, 1, 2] }], { rate: 0.1, step: 1 });
  await session.close();
  expect(first.correct).toBe(2);
  expect(first.loss).toBeCloseTo(Math.log(3), 6);
});

test.each([
  ["sgd", "momentum"],
  ["adam", "beta1"],
])("a momentum given for a step of %s goes before its own %s", async (id, name) => {
  const { network } = parseArchitecture("mlp:layers=4-5-3");
  const states = [createInitialState(network, { seed: 1 })];
  const images = Float32Array.from({ length: 16 }, (_, i) => Math.cos(i));
  const afterTwo = async (own: number, given?: number) => {
    const step = buildTrainingStep([{ network }], { batch: 4, ...chooseOptimizer(id, { [name]: own }) });
    const session = await createTrainingSession(step, { runtime: onnxRuntime, seed: 0, threads: 1, states });
    for (const at of [1, 2]) {
      await session.run([{ images, labels: [0, 1, 2, 1] }], { rate: 0.1, step: at, momentum: given });
    }
    const state = session.state();
    await session.close();
    return state;
  };
  const expected = await afterTwo(0.5);
  expect(await afterTwo(0.9, 0.5)).toEqual(expected);
  expect(await afterTwo(0.9)).not.toEqual(expected);
});

test("two parts that share variables add their gradients, and a hook may change the result", async () => {
  const { network } = parseArchitecture("mlp:layers=4-5-3");
  const state = createInitialState(network, { seed: 1 });
  const images = Float32Array.from({ length: 16 }, (_, i) => Math.sin(i));
  const labels = [0, 1, 2, 1];
  const options = { batch: 4, ...chooseOptimizer("sgd", { momentum: 0 }) };
  const common = { runtime: onnxRuntime, seed: 0, threads: 1 };

  const alone = await createTrainingSession(buildTrainingStep([{ network }], options), { ...common, states: [state] });
  await alone.run([{ images, labels }], { rate: 0.2, step: 1 });
  const expected = alone.state();
  await alone.close();

  // The trunk is one, the heads are two; the same batch on both doubles the gradient of the trunk.
  const parts = [
    { network, prefix: "a." },
    { network, prefix: "b.", variableOf: (key: string) => (key.startsWith("0.") ? `a.${key}` : `b.${key}`) },
  ];
  const step = buildTrainingStep(parts, {
    ...options,
    adjust: (build, parameters) => {
      const held = build.input("held", "f32", [3]);
      const { variable, value } = parameters.find(({ variable: it }) => it.members[0].name === "b.2.bias")!;
      return new Map([[variable.input, build.node("Add", [value, held])]]);
    },
  });
  const both = await createTrainingSession(step, { ...common, states: [state, state] });
  const held = { dtype: "f32", shape: [3], bytes: new Uint8Array(Float32Array.from([1, 2, 3]).buffer) } as const;
  const batch = { images, labels };
  await both.run([batch, batch], { rate: 0.1, step: 1, extra: { held } });
  const [first, second] = [both.state(0), both.state(1)];
  await both.close();
  expect(first.get("0.weight")).toEqual(second.get("0.weight"));
  for (const [i, value] of tensorFloats(first.get("0.weight")!).entries()) {
    expect(value).toBeCloseTo(tensorFloats(expected.get("0.weight")!)[i], 6);
  }
  const [plain, moved] = [first, second].map((it) => tensorFloats(it.get("2.bias")!));
  expect([...moved].map((value, i) => Math.round((value - plain[i]) * 1e5) / 1e5)).toEqual([1, 2, 3]);
});
