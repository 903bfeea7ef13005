import { describe, expect, test } from "vitest";
import { createMixedBatches } from "../data/create-batches.js";
import { inputFormatOf } from "../data/input-format-of.js";
import { loadDataset } from "../data/load-dataset.js";
import { evaluate } from "../evaluate/evaluate.js";
import { createNetwork } from "../network/create-network.js";
import { createInference } from "../network/inference.js";
import { createInitialState } from "../network/initial-state.js";
import { onnxRuntime as runtime } from "../node/onnx-runtime.js";
import { floatsTensor, tensorFloats } from "../tensor/float32.js";
import { createTensor, type StateDict, type Tensor, tensorNumbers } from "../tensor/tensor.js";
import { fisherInformation } from "./fisher-information.js";
import { gramMatrices } from "./gram-matrices.js";

const pen = await loadDataset("pen", { split: "train", limit: 40 });
const plate = await loadDataset("plate", { split: "train", limit: 40 });

/** Convolutions of several kinds, batch normalisation, dropout and linear layers. */
const network = createNetwork("small", { input: [1, 12, 12] }, (layers, image) => {
  let x = layers.conv(image, "first", { in: 1, out: 4, kernel: 3, padding: 1 });
  x = layers.relu(layers.batchNorm(x, "norm", { channels: 4 }));
  x = layers.conv(x, "second", { in: 4, out: 6, kernel: 3, stride: 2, padding: 1, bias: false });
  x = layers.relu(layers.conv(x, "narrow", { in: 6, out: 5, kernel: 1 }));
  x = layers.relu(layers.linear(layers.flatten(x), "hidden", { in: 180, out: 12 }));
  return layers.linear(layers.dropout(x, { ratio: 0.5 }), "out", { in: 12, out: 10 });
});

/** Statistics as if trained: not those of a network just built. */
const state: StateDict = new Map([
  ...createInitialState(network, { seed: 4 }),
  ["norm.running_mean", createTensor("f32", [4], [0.1, -0.2, 0.3, 0])],
  ["norm.running_var", createTensor("f32", [4], [0.5, 2, 1, 0.7])],
  ["norm.weight", createTensor("f32", [4], [1, -1.5, 0.5, 2])],
]);

const numbers = (from: StateDict, key: string): Float64Array => tensorNumbers(from.get(key) as Tensor);

describe("Gram matrices", () => {
  test("tell the mean square of what each unit makes of its inputs: wᵀ·G·w", async () => {
    const source = { images: [pen, plate], samples: 40 };
    const { state: grams, leftOut } = await gramMatrices({ network, state }, source, { runtime, threads: 1, seed: 3 });
    expect([...grams.keys()]).toEqual([
      "first.weight",
      "second.weight",
      "narrow.weight",
      "hidden.weight",
      "out.weight",
    ]);
    expect(leftOut).toEqual([]);
    for (const [key, expected] of await meanSquares([...grams.keys()])) {
      const { shape } = state.get(key) as Tensor;
      const [weight, gram] = [numbers(state, key), numbers(grams, key)];
      const inputs = weight.length / shape[0];
      expect(grams.get(key)?.shape).toEqual([inputs, inputs]);
      for (let unit = 0; unit < shape[0]; unit++) {
        const row = weight.subarray(unit * inputs, (unit + 1) * inputs);
        let square = 0;
        for (let i = 0; i < inputs; i++)
          for (let j = 0; j < inputs; j++) square += row[i] * gram[i * inputs + j] * row[j];
        // Sums in f32 over some thousand places.
        expect(Math.abs(square - expected[unit])).toBeLessThan(1e-4 * Math.max(...expected));
      }
    }
  });

  test("name the weights that they leave out, and are the same each time", async () => {
    const grouped = createNetwork("grouped", { input: [1, 12, 12] }, (layers, image) => {
      const x = layers.conv(image, "all", { in: 1, out: 4, kernel: 3 });
      const y = layers.conv(x, "each", { in: 4, out: 4, kernel: 3, groups: 4 });
      return layers.linear(layers.flatten(y), "out", { in: 256, out: 10 });
    });
    const model = { network: grouped, state: createInitialState(grouped, { seed: 1 }) };
    const measure = () => gramMatrices(model, { images: [pen], samples: 20 }, { runtime, threads: 1 });
    const found = await measure();
    expect(found.leftOut).toEqual(["each.weight"]);
    expect([...found.state.keys()]).toEqual(["all.weight", "out.weight"]);
    expect(await measure()).toEqual(found);
  });
});

/** The mean over images and places of (answer − bias)², by weight and unit, on the images that were measured. */
async function meanSquares(keys: readonly string[]): Promise<Map<string, number[]>> {
  const nodes = keys.map((key) => network.nodes.find(({ inputs }) => inputs[1] === key) as (typeof network.nodes)[0]);
  const format = inputFormatOf(network, {});
  const inference = await createInference(network, state, { runtime, outputs: nodes.map(({ outputs }) => outputs[0]) });
  const [batch] = createMixedBatches([pen, plate], { format, batch: 40, seed: 3, shuffle: true });
  const outputs = await inference.run(floatsTensor([40, format.channels, format.size, format.size], batch.images));
  await inference.close();
  return new Map(
    nodes.map(({ inputs, outputs: [name] }) => {
      const { shape } = outputs[name];
      const values = tensorFloats(outputs[name]);
      const bias = inputs[2] ? numbers(state, inputs[2]) : new Float64Array(shape[1]);
      const places = values.length / (shape[0] * shape[1]);
      const squares = new Array<number>(shape[1]).fill(0);
      for (let i = 0; i < values.length; i++) {
        const unit = Math.floor(i / places) % shape[1];
        squares[unit] += (values[i] - bias[unit]) ** 2 / (shape[0] * places);
      }
      return [inputs[1], squares];
    }),
  );
}

describe("Fisher information", () => {
  const one = { ...pen, count: 1, labels: pen.labels.slice(0, 1) };

  test("is the square of the slope of the log-likelihood, with running statistics and without dropout", async () => {
    const found = await fisherInformation(
      { network, state },
      { images: [one], samples: 1 },
      { runtime, threads: 1, labels: "given" },
    );
    for (const key of ["first.weight", "norm.weight", "norm.bias", "second.weight", "hidden.weight", "out.bias"]) {
      const information = numbers(found, key);
      const place = information.indexOf(information.reduce((most, value) => Math.max(most, value), 0));
      const step = 2 ** -9;
      const losses = await Promise.all([-step, step].map((by) => lossMoved(key, place, by)));
      const slope = (losses[1] - losses[0]) / (2 * step);
      // The loss is in f32, and rectifiers may turn within a step.
      expect(Math.abs(Math.sqrt(information[place]) - Math.abs(slope))).toBeLessThan(0.02 * Math.abs(slope));
    }
  });

  async function lossMoved(key: string, place: number, by: number): Promise<number> {
    const moved = numbers(state, key);
    moved[place] += by;
    const changed = new Map([...state, [key, createTensor("f32", state.get(key)?.shape ?? [], moved)]]);
    return (await evaluate({ network, state: changed }, one, { runtime, threads: 1 })).loss;
  }

  test("is a mean over images, one by one", async () => {
    const measure = async (images: typeof pen) =>
      fisherInformation({ network, state }, { images: [images], samples: 2 }, { runtime, threads: 1, labels: "given" });
    const pixels = pen.images.length / pen.count;
    const part = (from: number, to: number): typeof pen => ({
      ...pen,
      count: to - from,
      labels: pen.labels.slice(from, to),
      images: pen.images.slice(from * pixels, to * pixels),
    });
    const [first, second, both] = await Promise.all([part(0, 1), part(1, 2), part(0, 2)].map(measure));
    for (const key of both.keys()) {
      const [a, b] = [numbers(first, key), numbers(second, key)];
      numbers(both, key).forEach((value, i) => {
        expect(Math.abs(value - (a[i] + b[i]) / 2)).toBeLessThanOrEqual(1e-5 * Math.max(a[i], b[i]));
      });
    }
  });

  test("draws labels from what the network says, by the seed", async () => {
    const measure = (seed: number, labels?: "given") =>
      fisherInformation({ network, state }, { images: [pen], samples: 10 }, { runtime, threads: 1, seed, labels });
    const drawn = await measure(1);
    expect(await measure(1)).toEqual(drawn);
    expect(await measure(2)).not.toEqual(drawn);
    // For the last bias the information is known: the mean of p·(1 − p), here with p near 1/10.
    const bias = numbers(
      await fisherInformation({ network, state }, { images: [pen, plate], samples: 80 }, { runtime }),
      "out.bias",
    );
    const mean = bias.reduce((sum, value) => sum + value, 0) / 10;
    expect(mean).toBeCloseTo(0.09, 2);
  });

  test("says what does not fit", async () => {
    const short = createNetwork("short", { input: [1, 12, 12] }, (layers, image) =>
      layers.linear(layers.flatten(image), "out", { in: 144, out: 3 }),
    );
    const model = { network: short, state: createInitialState(short, { seed: 1 }) };
    await expect(fisherInformation(model, { images: [pen], samples: 1 }, { runtime })).rejects.toMatchObject({
      code: "mismatch",
      message: "short gives [1, 3] for one image; 10 classes need logits [1, 10].",
    });
    const other = { network: short, state };
    await expect(fisherInformation(other, { images: [pen], samples: 1 }, { runtime })).rejects.toMatchObject({
      code: "mismatch",
    });
  });
});
