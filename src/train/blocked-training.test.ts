import { beforeAll, describe, expect, test } from "vitest";
import { createRandom } from "../core/random.js";
import { findChannelBlock } from "../network/channel-block.js";
import { createNetwork } from "../network/create-network.js";
import type { Network } from "../network/graph.js";
import { createInitialState } from "../network/initial-state.js";
import { parseArchitecture } from "../network/parse-architecture.js";
import { onnxRuntime } from "../node/onnx-runtime.js";
import { floatsTensor } from "../tensor/float32.js";
import { elementCount, type Shape } from "../tensor/shape.js";
import { type StateDict, type Tensor, tensorNumbers } from "../tensor/tensor.js";
import { chooseOptimizer } from "./choose.js";
import { createTrainingSession } from "./training-session.js";
import { buildTrainingStep } from "./training-step.js";

/** A ReLU whose input is 0 but for rounding moves a gradient by up to a percent; a wrong formula by all of it. */
const KINK = 0.02;
const SMALLEST_SCALE = 1e-4;

let block: number | undefined;
beforeAll(async () => {
  block = await findChannelBlock(onnxRuntime);
});

/** Uneven blocks: 3 image channels, a pool after the first convolution, a value that is read twice, three classes. */
const uneven = createNetwork("uneven", { input: [3, 8, 8] }, (layers, image) => {
  const conv = (x: string, key: string, from: number, out: number): string => {
    const made = layers.conv(x, `${key}.0`, { in: from, out, kernel: 3, padding: 1, bias: out === 16 });
    return layers.relu(layers.batchNorm(made, `${key}.1`, { channels: out }));
  };
  const a = layers.maxPool(conv(image, "a", 3, 16), { kernel: 2 });
  const b = conv(a, "b", 16, 32);
  const c = conv(b, "c", 32, 32);
  const joined = layers.flatten(layers.add(b, c));
  return layers.linear(layers.linear(joined, "hidden", { in: 512, out: 20 }), "out", { in: 20, out: 3, bias: false });
});

const NETWORKS: readonly (readonly [string, Network, number])[] = [
  ["whole blocks", parseArchitecture("vgg16:width=0.25").network, 16],
  ["folded images", parseArchitecture("vgg16:width=0.125,classes=3").network, 32],
  ["linear layers", parseArchitecture("mlp:layers=64-32-48-10").network, 16],
  ["mixed with plain layers", uneven, 16],
  ["nothing that fits", parseArchitecture("lenet5").network, 8],
];

/** Drops nothing: the two ways hold a mask's elements in different orders. */
const keepAll = (shape: Shape): Tensor => floatsTensor(shape, new Float32Array(elementCount(shape)).fill(1));

const norm = (values: Float64Array): number => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

describe.each(NETWORKS)("%s", (_, network, batch) => {
  async function oneStep(channels: number | undefined): Promise<{ loss: number; state: StateDict; slots: StateDict }> {
    const shape = (network.inputs[0].shape ?? []).slice(1) as number[];
    const random = createRandom(4, "images");
    const images = Float32Array.from({ length: batch * elementCount(shape) }, () => random.normal());
    const labels = Array.from({ length: batch }, (_, i) => i % 3);
    const step = buildTrainingStep([{ network }], { batch, ...chooseOptimizer("sgd"), block: channels });
    const states = [createInitialState(network, { seed: 3 })];
    const options = { runtime: onnxRuntime, threads: 2, seed: 0, states, masks: keepAll };
    const session = await createTrainingSession(step, options);
    const [{ loss }] = await session.run([{ images, labels }], { rate: 0.1, step: 1 });
    const result = { loss, state: session.state(), slots: session.slots() };
    await session.close();
    return result;
  }

  test("blocked channels change no result", async ({ skip }) => {
    if (block === undefined) return skip("this runtime has no blocked operators");
    const plain = await oneStep(undefined);
    const blocked = await oneStep(block);
    expect(blocked.loss).toBeCloseTo(plain.loss, 5);
    for (const kind of ["slots", "state"] as const) {
      expect([...blocked[kind].keys()]).toEqual([...plain[kind].keys()]);
      for (const [key, tensor] of plain[kind]) {
        const expected = tensorNumbers(tensor);
        const found = tensorNumbers(blocked[kind].get(key)!);
        const error = norm(found.map((value, i) => value - expected[i]));
        expect(error / Math.max(SMALLEST_SCALE, norm(expected)), key).toBeLessThan(KINK);
      }
    }
  });
});
