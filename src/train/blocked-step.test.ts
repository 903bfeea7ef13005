import { describe, expect, test } from "vitest";
import { createRandom } from "../core/random.js";
import { findChannelBlock } from "../network/channel-block.js";
import { createNetwork } from "../network/create-network.js";
import type { Network } from "../network/graph.js";
import { createInitialState } from "../network/initial-state.js";
import { parseArchitecture } from "../network/parse-architecture.js";
import { onnxRuntime } from "../node/onnx-runtime.js";
import { elementCount } from "../tensor/shape.js";
import { type StateDict, tensorNumbers } from "../tensor/tensor.js";
import { chooseOptimizer } from "./choose.js";
import { createTrainingSession, type StepBatch } from "./training-session.js";
import { buildTrainingStep, type StepPart, type TrainingStepOptions } from "./training-step.js";

const block = await findChannelBlock(onnxRuntime);

/** What goes forward: both sides round sums of some thousand numbers in f32, ten layers deep. */
const FORWARD = 2e-5;
/**
 * What comes back: as exact where no decision is close. Of the two million decisions of a ReLU or a pool in a step of
 * the larger networks, one or two fall on the last bit, and PyTorch in f32 takes as many of them otherwise than in f64;
 * each is worth up to 1.5·10⁻² of a tensor's norm. A wrong rule would be all of it. Rules alone are held to 10⁻⁵.
 */
const BACKWARD = 0.03;

function drawBatch(network: Network, batch: number, seed: number): StepBatch {
  const shape = [batch, ...(network.inputs[0].shape ?? []).slice(1)] as number[];
  const stream = createRandom(seed, "images");
  const images = Float32Array.from({ length: elementCount(shape) }, () => stream.normal());
  return { images, labels: Array.from({ length: batch }, (_, i) => (i * 3) % 10) };
}

/** 3 colours, a pool after the first convolution, a value that is read twice, and a pool of its own at the end. */
const branching = createNetwork("branching", { input: [3, 8, 8] }, (layers, image) => {
  const conv = (x: string, key: string, from: number, out: number): string => {
    const made = layers.conv(x, `${key}.0`, { in: from, out, kernel: 3, padding: 1, bias: out === 16 });
    return layers.relu(layers.batchNorm(made, `${key}.1`, { channels: out }));
  };
  const a = layers.maxPool(conv(image, "a", 3, 16), { kernel: 2 });
  const b = conv(a, "b", 16, 24);
  const c = conv(b, "c", 24, 24);
  const joined = layers.flatten(layers.averagePool(layers.add(b, c), { kernel: 2 }));
  const hidden = layers.dropout(layers.linear(joined, "hidden", { in: 96, out: 20 }), { ratio: 0.25 });
  return layers.linear(hidden, "out", { in: 20, out: 10, bias: false });
});

const networkOf = (name: string): Network => (name === branching.name ? branching : parseArchitecture(name).network);

interface Run {
  readonly parts: readonly StepPart[];
  readonly states: readonly StateDict[];
  readonly slots?: readonly StateDict[];
  readonly batches: readonly (readonly StepBatch[])[];
  readonly rate: number;
  readonly options: Omit<TrainingStepOptions, "block">;
  readonly firstStep?: number;
}

async function train({ parts, states, slots, batches, rate, options, firstStep = 1 }: Run, channels?: number) {
  const step = buildTrainingStep(parts, { ...options, block: channels });
  const session = await createTrainingSession(step, { runtime: onnxRuntime, threads: 2, seed: 5, states, slots });
  const results = [];
  for (const [index, batch] of batches.entries()) {
    results.push(await session.run(batch, { rate, step: firstStep + index }));
  }
  const all = parts.map((_, part) => ({ state: session.state(part), slots: session.slots(part) }));
  await session.close();
  const isBlocked = step.graph.nodes.some(({ domain }) => domain !== undefined);
  return { results, all, isBlocked };
}

/** Distance of a tensor, relative to its norm; norms below that of numbers of `smallest` count as that. */
function distance(found: ArrayLike<number>, wanted: ArrayLike<number>, smallest: number): number {
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < wanted.length; i++) {
    difference += (found[i] - wanted[i]) ** 2;
    norm += wanted[i] ** 2;
  }
  return Math.sqrt(difference) / Math.max(Math.sqrt(norm), smallest * Math.sqrt(wanted.length));
}

function expectSame(found: StateDict, wanted: StateDict, smallest: number): void {
  expect([...found.keys()]).toEqual([...wanted.keys()]);
  for (const [key, tensor] of wanted) {
    expect(found.get(key)!.shape, key).toEqual(tensor.shape);
    const away = distance(tensorNumbers(found.get(key)!), tensorNumbers(tensor), smallest);
    expect(away, key).toBeLessThan(/running_/.test(key) ? FORWARD : BACKWARD);
  }
}

const bytesOf = (all: readonly { readonly state: StateDict; readonly slots: StateDict }[]): string[] =>
  all.flatMap(({ state, slots }) =>
    [...state, ...slots].map(([key, { bytes }]) => `${key} ${Buffer.from(bytes).toString("base64")}`),
  );

const sgd = chooseOptimizer("sgd", { momentum: 0.9, "weight-decay": 5e-4 });

describe.skipIf(block === undefined)("a step in blocks of channels", () => {
  test.each([
    ["vgg16:width=0.0625", 64, 3],
    ["vgg16:width=0.125", 32, 3],
    ["vgg16:width=0.25", 32, 3],
    // 19 and 38 channels, which do not fill blocks; too few images to share blocks.
    ["vgg16:width=0.3,channels=3", 16, 3],
    ["vgg16:width=0.03125,channels=5,classes=20", 64, 3],
    ["lenet5", 32, 3],
    // In blocks here and by operators there.
    ["resnet20:width=0.5", 32, 3],
    ["branching", 32, 3],
  ])("changes %s as the step by operators does, batch %i", async (name, batch, seed) => {
    const network = networkOf(name);
    const run: Run = {
      parts: [{ network }],
      states: [createInitialState(network, { seed })],
      batches: [[drawBatch(network, batch, 1)]],
      rate: 0.05,
      options: { batch, ...sgd, labelSmoothing: 0.1 },
    };
    const blocked = await train(run, block);
    const plain = await train(run);
    expect(blocked.isBlocked).toBe(true);
    expect(plain.isBlocked).toBe(false);
    expect(blocked.results[0][0].loss).toBeCloseTo(plain.results[0][0].loss, 5);
    expect(blocked.results[0][0].correct).toBe(plain.results[0][0].correct);
    expectSame(blocked.all[0].state, plain.all[0].state, 0);
    // The bias of a convolution before batch normalisation has the gradient 0; summed up, rounding is left of it.
    expectSame(blocked.all[0].slots, plain.all[0].slots, 0.01);
  });

  test.each(["adam", "adamw"])("%s works on it", async (id) => {
    const { network } = parseArchitecture("lenet5");
    const batch = 32;
    const run: Run = {
      parts: [{ network }],
      states: [createInitialState(network, { seed: 4 })],
      batches: [1, 2, 3].map((seed) => [drawBatch(network, batch, seed)]),
      rate: 1e-3,
      options: { batch, ...chooseOptimizer(id, { "weight-decay": 0.01 }) },
    };
    const [blocked, plain] = [await train(run, block), await train(run)];
    expectSame(blocked.all[0].state, plain.all[0].state, 0.05);
    expectSame(blocked.all[0].slots, plain.all[0].slots, 0.01);
  });

  test("gives the same bytes again, and goes on from what it gave", async () => {
    const { network } = parseArchitecture("vgg16:width=0.0625");
    const batch = 64;
    const batches = [1, 2, 3].map((seed) => [drawBatch(network, batch, seed)]);
    const states = [createInitialState(network, { seed: 3 })];
    const run: Run = { parts: [{ network }], states, batches, rate: 0.05, options: { batch, ...sgd } };
    const whole = await train(run, block);
    expect(bytesOf((await train(run, block)).all)).toEqual(bytesOf(whole.all));
    const begun = await train({ ...run, batches: batches.slice(0, 1) }, block);
    const [{ state, slots }] = begun.all;
    const rest = { ...run, states: [state], slots: [slots], batches: batches.slice(1), firstStep: 2 };
    expect(bytesOf((await train(rest, block)).all)).toEqual(bytesOf(whole.all));
  });

  test("two networks that share their convolutions and pull at each other change as by operators", async () => {
    const { network } = parseArchitecture("vgg16:width=0.0625");
    const batch = 64;
    const isTrunk = (key: string): boolean => key.startsWith("block_");
    const parts: StepPart[] = ["a", "b"].map((prefix) => ({
      network,
      prefix: `${prefix}.`,
      variableOf: (key) => (isTrunk(key) ? key : `${prefix}.${key}`),
    }));
    // Heads are stored alike, in groups of the same members: pairs of tensors are found by the key of their first.
    const adjust: TrainingStepOptions["adjust"] = (build, updated) =>
      new Map(
        updated.flatMap(({ variable, value }): [string, string][] => {
          const [{ part, key, users }] = variable.members;
          if (users.size > 1) return [];
          const other = updated.find(
            ({
              variable: {
                members: [it],
              },
            }) => it.part !== part && it.key === key,
          )!;
          const pull = build.node("Mul", [build.node("Sub", [other.value, value]), build.scalar(0.1)]);
          return [[variable.input, build.node("Add", [value, pull])]];
        }),
      );
    const trunk = createInitialState(network, { seed: 3 });
    const heads = createInitialState(network, { seed: 4 });
    const other = new Map([...trunk].map(([key, tensor]) => [key, isTrunk(key) ? tensor : heads.get(key)!]));
    const run: Run = {
      parts,
      states: [trunk, other],
      batches: [[drawBatch(network, batch, 1), drawBatch(network, batch, 2)]],
      rate: 0.05,
      options: { batch, ...sgd, adjust },
    };
    const [blocked, plain] = [await train(run, block), await train(run)];
    expect(blocked.isBlocked).toBe(true);
    for (const part of [0, 1]) expectSame(blocked.all[part].state, plain.all[part].state, 0);
  });

  test.each([
    ["a batch that does not fill blocks", "vgg16:width=0.0625", 20],
    ["a network without convolutions", "mlp:layers=64-32-10", 16],
  ])("is not made for %s", (_, name, batch) => {
    const { network } = parseArchitecture(name);
    const step = buildTrainingStep([{ network }], { batch, ...sgd, block });
    expect(step.graph.nodes.some(({ domain }) => domain !== undefined)).toBe(false);
  });
});
