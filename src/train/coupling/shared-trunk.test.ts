import { expect, test } from "vitest";
import { patternImages } from "../../../test/support/pattern-images.js";
import { createBatches } from "../../data/create-batches.js";
import { inputFormatOf } from "../../data/input-format-of.js";
import { createNetwork } from "../../network/create-network.js";
import type { Network } from "../../network/graph.js";
import { createInitialState } from "../../network/initial-state.js";
import { parseArchitecture } from "../../network/parse-architecture.js";
import { onnxRuntime } from "../../node/onnx-runtime.js";
import { tensorFloats } from "../../tensor/float32.js";
import type { StateDict } from "../../tensor/tensor.js";
import { chooseOptimizer, chooseSchedule } from "../choose.js";
import { createTrainingSession } from "../training-session.js";
import { buildTrainingStep } from "../training-step.js";
import type { TiedStep } from "./coupling-pull.js";
import { runCoupling } from "./run-coupling.js";

const RATE = 0.02;
const BATCH = 8;
const EPOCHS = 2;
const STEPS = 50;
const sets = [
  patternImages("left", { count: (BATCH * STEPS) / EPOCHS, size: 32 }),
  patternImages("top", { count: (BATCH * STEPS) / EPOCHS, size: 32, turned: 1 }),
];

/**
 * A network with a trunk and a head for each set, its trunk stored once and trained on the sum of both losses.
 *
 * @param trunkShare what the trunk's steps are multiplied with
 */
async function trainTwoHeads(
  network: Network,
  { inTrunk, trunkShare }: { readonly inTrunk: (key: string) => boolean; readonly trunkShare: number },
): Promise<readonly StateDict[]> {
  const parts = [0, 1].map((part) => ({
    network,
    prefix: `head${part}.`,
    variableOf: (key: string) =>
      inTrunk(key) && network.state.get(key)!.kind === "parameter" ? `trunk.${key}` : `head${part}.${key}`,
  }));
  const step = buildTrainingStep(parts, {
    batch: BATCH,
    ...chooseOptimizer("sgd"),
    adjust: (build, updated) =>
      new Map(
        updated
          .filter(({ variable }) => variable.members[0].name.startsWith("trunk."))
          .map(({ variable, value }) => {
            const change = build.node("Mul", [build.node("Sub", [value, variable.input]), build.scalar(trunkShare)]);
            return [variable.input, build.node("Add", [variable.input, change])];
          }),
      ),
  });
  const start = createInitialState(network, { seed: 0 });
  const session = await createTrainingSession(step, {
    runtime: onnxRuntime,
    threads: 1,
    seed: [0, 1],
    states: [start, start],
  });
  const format = inputFormatOf(network);
  let done = 0;
  for (let epoch = 1; epoch <= EPOCHS; epoch++) {
    const streams = sets.map((set, seed) => [
      ...createBatches(set, { format, batch: BATCH, shuffle: true, seed, epoch }),
    ]);
    for (const [index, first] of streams[0].entries()) {
      await session.run([first, streams[1][index]], { rate: RATE, step: ++done });
    }
  }
  const states = [session.state(0), session.state(1)];
  await session.close();
  expect(done).toBe(STEPS);
  return states;
}

async function trainCoupled(
  network: Network,
  { layer, tied }: { readonly layer: string; readonly tied: TiedStep },
): Promise<readonly StateDict[]> {
  const report = await runCoupling(
    sets.map((images) => ({ network, images })),
    {
      runtime: onnxRuntime,
      threads: 1,
      batch: BATCH,
      epochs: EPOCHS,
      rate: RATE,
      optimizer: chooseOptimizer("sgd"),
      schedule: chooseSchedule("constant"),
      lambda: Number.POSITIVE_INFINITY,
      depth: { kind: "cut", layer },
      tied,
    },
  );
  return report.states;
}

/** Sums in another order differ by about 1e-7 a step. */
const TOLERANCE = 1e-5;

/** Smooth throughout: where a ReLU or a maximum is decided by a rounding, gradients differ by leaps. */
const smooth = createNetwork("smooth", { input: [1, 32, 32] }, (layers, image) => {
  let x = image;
  for (const [index, out] of [8, 16, 16].entries()) {
    x = layers.conv(x, `conv${index}`, { in: index === 0 ? 1 : 8 * index, out, kernel: 3, padding: 1 });
    x = layers.build.node("Tanh", [layers.batchNorm(x, `norm${index}`, { channels: out })]);
    x = layers.averagePool(x, { kernel: 2 });
  }
  const hidden = layers.linear(layers.flatten(x), "hidden", { in: 16 * 16, out: 32 });
  return layers.linear(layers.dropout(layers.build.node("Tanh", [hidden]), { ratio: 0.25 }), "last", {
    in: 32,
    out: 3,
  });
});

test.each([
  ["lenet5", parseArchitecture("lenet5:classes=3").network, "fc1"],
  ["batch normalisation and dropout", smooth, "hidden"],
])("%s: a cut with lambda = inf is one trunk with two heads, 50 steps long", async (_, network, layer) => {
  const keys = [...network.state].flatMap(([key, { kind }]) => (kind === "parameter" ? [key] : []));
  const inTrunk = (key: string): boolean => keys.indexOf(key) < keys.indexOf(`${layer}.weight`);
  expect(keys.filter(inTrunk).length).toBeGreaterThan(3);
  for (const [tied, trunkShare] of [
    ["sum", 1],
    ["mean", 1 / 2],
  ] as const) {
    const coupled = await trainCoupled(network, { layer, tied });
    const built = await trainTwoHeads(network, { inTrunk, trunkShare });
    const start = createInitialState(network, { seed: 0 });
    for (const [part, state] of coupled.entries()) {
      for (const key of keys) {
        const [found, expected, first] = [state, built[part], start].map((it) => tensorFloats(it.get(key)!));
        for (const [i, value] of found.entries()) expect(Math.abs(value - expected[i])).toBeLessThan(TOLERANCE);
        // The bias before a batch normalisation has no effect and stays.
        const moved = found.reduce((most, value, i) => Math.max(most, Math.abs(value - first[i])), 0);
        if (key.endsWith("weight")) expect(moved).toBeGreaterThan(100 * TOLERANCE);
      }
    }
    expect(coupled[0].get(keys[0])).toEqual(coupled[1].get(keys[0]));
    expect(coupled[0].get(`${layer}.weight`)).not.toEqual(coupled[1].get(`${layer}.weight`));
  }
});
