import { describe, expect, test } from "vitest";
import { patternImages } from "../../../test/support/pattern-images.js";
import { createNetwork } from "../../network/create-network.js";
import { createInitialState } from "../../network/initial-state.js";
import { parseArchitecture } from "../../network/parse-architecture.js";
import { onnxRuntime } from "../../node/onnx-runtime.js";
import { tensorFloats } from "../../tensor/float32.js";
import type { StateDict } from "../../tensor/tensor.js";
import { chooseOptimizer, chooseSchedule } from "../choose.js";
import { runTraining } from "../run-training.js";
import type { CoupleEvent, CoupleOptions, CoupleReport } from "./couple.js";
import type { CoupledNetwork } from "./coupling-options.js";
import { type CouplingSnapshot, packCouplingSnapshot, unpackCouplingSnapshot } from "./coupling-snapshot.js";
import { runCoupling } from "./run-coupling.js";

const runtime = onnxRuntime;
const { network } = parseArchitecture("mlp:layers=64-16-16-3");
const pair: readonly CoupledNetwork[] = [
  { network, images: patternImages("left", { count: 64, size: 8 }) },
  { network, images: patternImages("top", { count: 64, size: 8, turned: 1 }) },
];
const triple = [...pair, { network, images: patternImages("faint", { count: 64, size: 8, noise: 100 }) }];
/** Batch normalisation, dropout, and tensors that are stored in blocks and in packs. */
const cnn = parseArchitecture("vgg16:width=0.03125,classes=3").network;
const cnns: readonly CoupledNetwork[] = [
  { network: cnn, images: patternImages("left", { count: 32, size: 32 }) },
  { network: cnn, images: patternImages("top", { count: 32, size: 32, turned: 1 }) },
];

const finish = (
  networks: readonly CoupledNetwork[],
  options: Partial<CoupleOptions>,
  onEvent?: (event: CoupleEvent) => void,
): Promise<CoupleReport> =>
  runCoupling(networks, {
    runtime,
    threads: 1,
    batch: 16,
    epochs: 2,
    lambda: 0,
    schedule: chooseSchedule("constant"),
    onEvent,
    ...options,
  });

const floats = (state: StateDict, key: string): Float32Array => tensorFloats(state.get(key)!);

/** Largest difference between two states, over their f32 tensors. */
function largestDifference(a: StateDict, b: StateDict, keys: Iterable<string> = a.keys()): number {
  let largest = 0;
  for (const key of keys) {
    if (a.get(key)!.dtype !== "f32") continue;
    const other = floats(b, key);
    for (const [i, value] of floats(a, key).entries()) largest = Math.max(largest, Math.abs(value - other[i]));
  }
  return largest;
}

const parameterKeys = [...network.state.keys()];

describe("lambda = 0", () => {
  test.each([
    ["a perceptron", pair, { optimizer: chooseOptimizer("adam"), rate: 1e-3 }],
    ["convolutions with dropout", cnns, { schedule: chooseSchedule("one-cycle"), labelSmoothing: 0.1 }],
  ] as const)("gives the bytes of separate trainings: %s", async (_, networks, options) => {
    const common = { runtime, threads: 1, batch: 16, epochs: 2, schedule: chooseSchedule("constant"), ...options };
    const coupled = await finish(networks, { ...options, seed: 7 });
    for (const [index, { network: own, images }] of networks.entries()) {
      const initial = createInitialState(own, { seed: 7 });
      const alone = await runTraining(own, images, { ...common, seed: 7 + index, initial });
      expect(coupled.states[index]).toEqual(alone.state);
      const progress = coupled.history.map((record) => record.networks[index]);
      expect(progress).toEqual(alone.history.map(({ loss, accuracy }) => ({ loss, accuracy })));
    }
    expect(coupled.history[1].distance).toBeGreaterThan(0);
  });

  test("each network starts where it would alone when they do not share their start", async () => {
    const coupled = await finish(pair, { seed: 7, sameInit: false });
    const schedule = chooseSchedule("constant");
    const options = { runtime, threads: 1, batch: 16, epochs: 2, schedule, seed: 8 };
    const alone = await runTraining(network, pair[1].images, options);
    expect(coupled.states[1]).toEqual(alone.state);
  });
});

describe("lambda = inf", () => {
  test.each([
    ["two networks", pair],
    ["three networks", triple],
    ["convolutions", cnns],
  ])("keeps all parameters equal at every step: %s", async (_, networks) => {
    const start = createInitialState(networks[0].network, { seed: 0 });
    const keys = [...networks[0].network.state].flatMap(([key, { kind }]) => (kind === "parameter" ? [key] : []));
    let steps = 0;
    const report = await finish(networks, { lambda: Number.POSITIVE_INFINITY }, (event) => {
      if (event.kind !== "step") return;
      steps++;
      const [first, ...others] = event.states();
      for (const other of others) for (const key of keys) expect(other.get(key)).toEqual(first.get(key));
    });
    expect(steps).toBe(report.history[1].step);
    expect(largestDifference(report.states[0], start, keys)).toBeGreaterThan(0.001);
    expect(report.history[1].distance).toBe(0);
  });
});

test("a proximal step moves two networks by s/(1 + 2s) of what lies between them", async () => {
  const options = { epochs: 1, batch: 64, rate: 0.1, sameInit: false };
  const [a, b] = (await finish(pair, options)).states;
  const lambda = 3;
  const [movedA, movedB] = (await finish(pair, { ...options, lambda })).states;
  const s = 2 * lambda * options.rate;
  const share = s / (1 + 2 * s);
  for (const key of parameterKeys) {
    const [u, v] = [floats(a, key), floats(b, key)];
    for (const [i, value] of floats(movedA, key).entries()) {
      expect(Math.abs(value - (u[i] + share * (v[i] - u[i])))).toBeLessThan(1e-6);
      expect(Math.abs(floats(movedB, key)[i] - (v[i] + share * (u[i] - v[i])))).toBeLessThan(1e-6);
    }
  }
});

test("of three networks each is pulled to the mean, and the mean stays where it was", async () => {
  const options = { epochs: 1, batch: 64, rate: 0.1, sameInit: false };
  const apart = (await finish(triple, options)).states;
  const lambda = 2;
  const together = (await finish(triple, { ...options, lambda })).states;
  // 2·λ·rate, and the others are 3/2 as far away as the mean.
  const p = 2 * lambda * options.rate * 1.5;
  for (const key of parameterKeys) {
    const before = apart.map((state) => floats(state, key));
    const after = together.map((state) => floats(state, key));
    for (let i = 0; i < before[0].length; i++) {
      const mean = (before[0][i] + before[1][i] + before[2][i]) / 3;
      for (const [index, values] of after.entries()) {
        expect(Math.abs(values[i] - (mean + (before[index][i] - mean) / (1 + p)))).toBeLessThan(1e-6);
      }
    }
  }
});

test("explicit and proximal agree to first order: half the strength and rate, a quarter of the difference", async () => {
  const difference = async (scale: number): Promise<number> => {
    const options = { epochs: 1, batch: 64, rate: 0.02 * scale, lambda: 5 * scale, sameInit: false };
    const [proximal] = (await finish(pair, options)).states;
    const [explicit] = (await finish(pair, { ...options, step: "explicit" })).states;
    return largestDifference(proximal, explicit);
  };
  const [whole, half] = [await difference(1), await difference(0.5)];
  expect(whole).toBeGreaterThan(1e-4);
  expect(whole / half).toBeGreaterThan(3.6);
});

test("an explicit step that would not be stable is refused, naming the largest lambda that is", async () => {
  const options = { step: "explicit", rate: 0.05, schedule: chooseSchedule("constant") } as const;
  // Two networks: 1/(2·rate); three: 2/(3·rate).
  await expect(finish(pair, { ...options, lambda: 10.1 })).rejects.toThrow(
    "The explicit step is not stable with a lambda of 10.1: for this learning rate and depth schedule, at most 10.0 is.",
  );
  await expect(finish(triple, { ...options, lambda: 14 })).rejects.toThrow("at most 13.3 is");
  await expect(finish(pair, { ...options, lambda: Number.POSITIVE_INFINITY })).rejects.toThrow("any finite lambda is");
  const stable = await finish(pair, { ...options, lambda: 9.9, sameInit: false });
  expect(stable.history[1].distance).toBeLessThan(10);
});

test("a stronger pull leaves networks nearer to each other", async () => {
  const distances: number[] = [];
  for (const lambda of [0, 0.1, 1, 10, 100]) distances.push((await finish(pair, { lambda })).history[1].distance);
  expect(distances).toEqual([...distances].sort((a, b) => b - a));
  expect(distances[4]).toBeGreaterThan(0);
});

test("strength can rise or fall during the run", async () => {
  const lambdas: Record<string, number[]> = { ramp: [], anneal: [] };
  for (const over of ["ramp", "anneal"] as const) {
    await finish(pair, { lambda: 2, over, epochs: 1 }, (event) => {
      if (event.kind === "step") lambdas[over].push(event.lambda);
    });
  }
  expect(lambdas).toEqual({ ramp: [0.5, 1, 1.5, 2], anneal: [2, 1.5, 1, 0.5] });
  await expect(finish(pair, { lambda: Number.POSITIVE_INFINITY, over: "ramp" })).rejects.toThrow("cannot ramp");
});

test.each([
  ["mlp", pair],
  ["vgg", cnns],
] as const)("a run that is broken off and resumed gives the bytes of one that was not: %s", async (_, networks) => {
  const snapshots: CouplingSnapshot[] = [];
  const options = { lambda: 0.5, depth: { kind: "exponential", ratio: 0.8 }, over: "ramp", epochs: 3 } as const;
  const whole = await finish(networks, options, (event) => {
    if (event.kind === "epoch") snapshots.push(event.snapshot());
  });
  const packed = packCouplingSnapshot(snapshots[0], { run: "a run" });
  expect(() => unpackCouplingSnapshot(packed, { run: "another", source: "x" })).toThrow(
    "x is of a run with other options: a run; now another.",
  );
  const resume = unpackCouplingSnapshot(packed, { run: "a run", source: "x" });
  expect(resume).toEqual(snapshots[0]);
  expect(await finish(networks, { ...options, resume })).toEqual(whole);
});

test("what only one network has stays its own", async () => {
  const few = parseArchitecture("mlp:layers=64-16-16-2").network;
  const images = patternImages("two", { count: 64, size: 8, classes: 2 });
  const { states, plan } = await finish([pair[0], { network: few, images }], { lambda: Number.POSITIVE_INFINITY });
  expect(plan.own).toEqual(["4.weight", "4.bias"]);
  expect(states[0].get("2.weight")).toEqual(states[1].get("2.weight"));
  expect(states[1].get("4.weight")!.shape).toEqual([2, 16]);
});

test("networks that store their convolutions in different orders are coupled all the same", async () => {
  // Convolution, normalisation and ReLU run in blocks of channels; with another function they do not.
  const build = (name: string, activation: string) =>
    createNetwork(name, { input: [1, 16, 16] }, (layers, image) => {
      let x = layers.batchNorm(layers.conv(image, "first", { in: 1, out: 16, kernel: 3, padding: 1 }), "norm", {
        channels: 16,
      });
      x = layers.maxPool(layers.build.node(activation, [x]), { kernel: 2 });
      return layers.linear(layers.flatten(x), "last", { in: 16 * 64, out: 3 });
    });
  const networks = ["Relu", "Tanh"].map((activation) => ({
    network: build(activation, activation),
    images: patternImages(activation, { count: 32, size: 16 }),
  }));
  const { states } = await finish(networks, { lambda: Number.POSITIVE_INFINITY });
  for (const key of ["first.weight", "norm.weight", "last.weight"]) {
    expect(states[0].get(key)).toEqual(states[1].get(key));
  }
});

test.each([
  [{ lambda: -1 }, "Coupling: lambda is -1; expected a number from 0 up to infinity."],
  [{ lambda: Number.NaN }, "Coupling: lambda is NaN; expected a number from 0 up to infinity."],
  [{ depth: { kind: "cut", layer: "3" } }, 'There is no layer of mlp called "3"'],
  [{ initial: new Map() }, "The start has no parameter of mlp."],
] as const)("%j is refused", async (options, message) => {
  await expect(finish(pair, { lambda: 1, ...options })).rejects.toThrow(message);
});

test("datasets with more classes than the network are refused, and so is one network alone", async () => {
  const few = parseArchitecture("mlp:layers=64-2").network;
  await expect(finish([pair[0], { ...pair[1], network: few }], {})).rejects.toThrow(
    "mlp tells 2 classes apart; top has 3.",
  );
  await expect(finish([pair[0]], {})).rejects.toThrow("Coupling takes two networks or more; got 1.");
});

test("can be stopped between steps", async () => {
  const controller = new AbortController();
  const running = finish(pair, { epochs: 100, signal: controller.signal }, () => controller.abort());
  await expect(running).rejects.toMatchObject({ code: "aborted" });
});
