import { expect, test } from "vitest";
import { createBatches } from "../data/create-batches.js";
import { inputFormatOf } from "../data/input-format-of.js";
import { loadDataset } from "../data/load-dataset.js";
import { createInference } from "../network/inference.js";
import { createInitialState } from "../network/initial-state.js";
import { parseArchitecture } from "../network/parse-architecture.js";
import { onnxRuntime as runtime } from "../node/onnx-runtime.js";
import { floatsTensor, tensorFloats } from "../tensor/float32.js";
import { evaluate } from "./evaluate.js";
import { evaluateEnsemble } from "./evaluate-ensemble.js";

const { network } = parseArchitecture("mlp:layers=1024-16-10");
const states = [1, 2].map((seed) => createInitialState(network, { seed }));
const images = await loadDataset("pen", { split: "test", limit: 30 });

test("one network twice is as good as alone", async () => {
  const alone = await evaluate({ network, state: states[0] }, images, { runtime });
  const both = [states[0], states[0]].map((state) => ({ network, state }));
  const { accuracy, loss, count } = await evaluateEnsemble(both, images, { runtime, batch: 7 });
  expect([accuracy, count]).toEqual([alone.accuracy, alone.count]);
  expect(loss).toBeCloseTo(alone.loss, 5);
});

test("the mean of probabilities decides", async () => {
  const logits: Float32Array[] = [];
  const format = inputFormatOf(network, {});
  const [all] = createBatches(images, { format, batch: images.count });
  for (const state of states) {
    const inference = await createInference(network, state, { runtime });
    const input = floatsTensor([all.count, format.channels, format.size, format.size], all.images);
    logits.push(tensorFloats((await inference.run(input))[network.outputs[0].name]).slice());
    await inference.close();
  }
  let correct = 0;
  let loss = 0;
  for (const [row, label] of all.labels.entries()) {
    const shares = logits.map((values) => {
      const exps = [...values.subarray(row * 10, row * 10 + 10)].map(Math.exp);
      const total = exps.reduce((sum, value) => sum + value, 0);
      return exps.map((value) => value / total);
    });
    const mean = shares[0].map((share, c) => (share + shares[1][c]) / 2);
    if (mean.indexOf(Math.max(...mean)) === label) correct++;
    loss -= Math.log(mean[label]) / all.count;
  }
  const members = states.map((state) => ({ network, state }));
  const score = await evaluateEnsemble(members, images, { runtime });
  expect(score.accuracy).toBeCloseTo((100 * correct) / all.count, 10);
  expect(score.loss).toBeCloseTo(loss, 5);
});

test("members that tell other classes apart are refused", async () => {
  const small = parseArchitecture("mlp:layers=1024-16-12").network;
  const members = [
    { network, state: states[0] },
    { network: small, state: createInitialState(small, { seed: 0 }) },
  ];
  await expect(evaluateEnsemble(members, images, { runtime })).rejects.toMatchObject({ code: "mismatch" });
});
