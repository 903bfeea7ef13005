import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { hasSharedCheckpoints, sharedCheckpoint, sharedFolder } from "../../test/support/shared-files.js";
import { closeCheckpoint } from "../checkpoint/checkpoint.js";
import { openCheckpoint } from "../checkpoint/open-checkpoint.js";
import { readTensor } from "../checkpoint/read-tensor.js";
import { createBatches } from "../data/create-batches.js";
import type { ImageSet } from "../data/image-set.js";
import { inputFormatOf } from "../data/input-format-of.js";
import { loadDataset } from "../data/load-dataset.js";
import { createInference } from "../network/inference.js";
import { createInitialState } from "../network/initial-state.js";
import { parseOnnx } from "../network/onnx/parse-onnx.js";
import { parseArchitecture } from "../network/parse-architecture.js";
import { createDatasetCache } from "../node/dataset-cache.js";
import { openFileSource } from "../node/file-source.js";
import { onnxRuntime } from "../node/onnx-runtime.js";
import { floatsTensor, tensorFloats } from "../tensor/float32.js";
import type { StateDict, Tensor } from "../tensor/tensor.js";
import { evaluate } from "./evaluate.js";
import { scoreLogits } from "./score-logits.js";

test("a score counts the largest logit and sums the cross-entropy", () => {
  const { correct, loss } = scoreLogits([1, 3, 2, 0, 0, 0, 1000, -1000, 0], [1, 2, 1]);
  expect(correct).toBe(1);
  const first = Math.log(Math.exp(1) + Math.exp(3) + Math.exp(2)) - 3;
  expect(loss).toBeCloseTo(first + Math.log(3) + 2000, 10);
});

test("the last batch may be short, and the batch size changes nothing", async () => {
  const { network } = parseArchitecture("lenet5");
  const state = createInitialState(network, { seed: 3 });
  const images: ImageSet = {
    name: "noise",
    split: "test",
    images: Uint8Array.from({ length: 25 * 32 * 32 }, (_, i) => (i * i) % 251),
    labels: Int32Array.from({ length: 25 }, (_, i) => i % 10),
    count: 25,
    channels: 1,
    height: 32,
    width: 32,
    classes: 10,
    notes: [],
  };
  const model = { network, state };
  const whole = await evaluate(model, images, { runtime: onnxRuntime, batch: 25 });
  const parts = await evaluate(model, images, { runtime: onnxRuntime, batch: 7 });
  expect(whole.count).toBe(25);
  expect(parts.accuracy).toBe(whole.accuracy);
  expect(parts.loss).toBeCloseTo(whole.loss, 5);
});

test("a state dict that does not fit is refused, with every problem", async () => {
  const { network } = parseArchitecture("mlp:layers=16-8-4");
  const state = new Map(createInitialState(network, { seed: 0 }));
  state.set("2.weigth", state.get("2.weight")!);
  state.delete("2.weight");
  state.set("0.bias", state.get("2.bias")!);
  await expect(createInference(network, state, { runtime: onnxRuntime, source: "net.pth" })).rejects.toMatchObject({
    code: "mismatch",
    message: `net.pth does not fit mlp; 3 differences:
  - Key "0.bias": net.pth has [4], mlp needs [8].
  - net.pth lacks key "2.weight" [4, 8] of mlp.
  - net.pth has a key "2.weigth" that mlp does not have.`,
    hint: 'The nearest key that it has is "2.weight".',
  });
});

async function readState(name: string): Promise<StateDict> {
  const checkpoint = await openCheckpoint(await openFileSource(sharedCheckpoint(name)));
  const state = new Map<string, Tensor>();
  for (const key of checkpoint.entries.keys()) state.set(key, await readTensor(checkpoint, key));
  await closeCheckpoint(checkpoint);
  return state;
}

describe.skipIf(!hasSharedCheckpoints)("networks that PyTorch trained", () => {
  const { network } = parseArchitecture("vgg16:width=0.125");
  const names = ["mnist", "mnist-m"] as const;
  let expected: { logits: Record<string, number[][]>; accuracy: Record<string, number[]> };
  const sets: ImageSet[] = [];

  beforeAll(async () => {
    expected = JSON.parse(readFileSync(sharedCheckpoint("expected.json"), "utf8"));
    const environment = createDatasetCache({ folder: `${sharedFolder}/data` });
    for (const name of names) sets.push(await loadDataset(name, { split: "test", limit: 4000, environment }));
  });

  async function firstLogits(model: { network: typeof network; state: StateDict }, set: ImageSet): Promise<Tensor> {
    const format = inputFormatOf(model.network);
    const { images, count } = createBatches(set, { format, batch: 16 }).next().value!;
    const inference = await createInference(model.network, model.state, { runtime: onnxRuntime });
    const { logits } = await inference.run(floatsTensor([count, 1, 32, 32], images));
    await inference.close();
    return logits;
  }

  test.each(names)("%s: logits within 1e-4, accuracies the same", async (name) => {
    const state = await readState(`${name}.pth`);
    const own = sets[names.indexOf(name)];
    const logits = tensorFloats(await firstLogits({ network, state }, own));
    for (const [i, value] of expected.logits[`${name}.pth`].flat().entries()) {
      expect(Math.abs(logits[i] - value)).toBeLessThan(1e-4);
    }
    for (const [index, set] of sets.entries()) {
      const { accuracy } = await evaluate({ network, state }, set, { runtime: onnxRuntime });
      // Written with two decimals.
      expect(Math.abs(accuracy - expected.accuracy[`${name}.pth`][index])).toBeLessThan(0.0051);
    }
  });

  test("an exported .onnx gives the same logits", async () => {
    const model = parseOnnx(readFileSync(sharedCheckpoint("mnist.onnx")), { source: "mnist.onnx" });
    const logits = tensorFloats(await firstLogits(model, sets[0]));
    for (const [i, value] of expected.logits["mnist.pth"].flat().entries()) {
      expect(Math.abs(logits[i] - value)).toBeLessThan(1e-4);
    }
  });
});
