import { describe, expect, test } from "vitest";
import type { ImageSet } from "../data/image-set.js";
import { loadDataset } from "../data/load-dataset.js";
import { createNetwork } from "../network/create-network.js";
import { createInitialState } from "../network/initial-state.js";
import { layersOf } from "../network/layers-of.js";
import { parseArchitecture } from "../network/parse-architecture.js";
import { onnxRuntime as runtime } from "../node/onnx-runtime.js";
import { createTensor, type StateDict, type Tensor, tensorNumbers } from "../tensor/tensor.js";
import { channelMoments } from "./channel-moments.js";
import { chooseStatistics, datasetsWithStatistics } from "./dataset-statistics.js";
import { repair } from "./repair.js";

const pen = await loadDataset("pen", { split: "train", limit: 96 });
const plate = await loadDataset("plate", { split: "train", limit: 96 });
const data = (...images: ImageSet[]) => ({ images, batch: 32, batches: 3 });
const resnet = parseArchitecture("resnet20:width=0.25,channels=1").network;
const vgg = parseArchitecture("vgg16:width=0.0625").network;
const lenet = parseArchitecture("lenet5").network;
const numbers = (state: StateDict, key: string): number[] => [...tensorNumbers(state.get(key) as Tensor)];

/** The mean of two state dicts. */
const average = (a: StateDict, b: StateDict): StateDict =>
  new Map(
    [...a].map(([key, tensor]) => {
      const other = numbers(b, key);
      return [
        key,
        createTensor(
          tensor.dtype,
          tensor.shape,
          numbers(a, key).map((value, i) => (value + other[i]) / 2),
        ),
      ];
    }),
  );

describe("statistics from images", () => {
  test("are means over batches of what the layer before gives, the variance unbiased", async () => {
    const network = createNetwork("one", { input: [1, 8, 8] }, (layers, image) => {
      const x = layers.conv(image, "conv", { in: 1, out: 3, kernel: 3, padding: 1 });
      return layers.linear(layers.flatten(layers.batchNorm(x, "bn", { channels: 3 })), "fc", { in: 192, out: 10 });
    });
    const state = createInitialState(network, { seed: 1 });
    const one = { images: [pen], batch: 32, batches: 1 };
    const { state: repaired } = await repair({ network, state }, { runtime, threads: 1, data: one });
    const conv = layersOf(network)[0].node.outputs[0];
    const moments = (await channelMoments({ network, state }, [conv], { runtime, threads: 1, ...one })).get(conv);
    const places = 32 * 8 * 8;
    for (let channel = 0; channel < 3; channel++) {
      expect(numbers(repaired, "bn.running_mean")[channel]).toBeCloseTo(moments?.mean[channel] ?? Number.NaN, 5);
      expect(numbers(repaired, "bn.running_var")[channel]).toBeCloseTo(
        ((moments?.variance[channel] ?? Number.NaN) * places) / (places - 1),
        5,
      );
    }
    expect(numbers(repaired, "bn.num_batches_tracked")).toEqual([1]);
    expect(repaired.get("conv.weight")).toBe(state.get("conv.weight"));
  });

  test.each([
    ["vgg16", vgg],
    ["resnet20", resnet],
  ])("%s: do not depend on the statistics that were there", async (_, network) => {
    const state = createInitialState(network, { seed: 1 });
    const options = { runtime, threads: 1, data: data(pen, plate) };
    const first = await repair({ network, state }, options);
    const again = await repair({ network, state: first.state }, options);
    expect(first.state).not.toEqual(state);
    expect(again.state).toEqual(first.state);
  });

  test("give an average of two networks the variance of its parents", async () => {
    const parents = [1, 2].map((seed) => createInitialState(vgg, { seed }));
    const state = average(parents[0], parents[1]);
    const options = { runtime, threads: 1, data: data(pen) };
    const settled = await Promise.all(
      parents.map(async (parent) => (await repair({ network: vgg, state: parent }, options)).state),
    );
    const { ratios = [] } = await repair({ network: vgg, state }, { ...options, parents: settled });
    expect(ratios.map(({ layer }) => layer)).toEqual(layersOf(vgg).map(({ name }) => name));
    const deep = ratios.find(({ layer }) => layer === "block_4.6");
    expect(deep?.before).toBeLessThan(0.1);
    expect(deep?.after).toBeGreaterThan(0.5);
  });

  test("of each dataset lie beside the shared ones, to be chosen by its name", async () => {
    const state = createInitialState(vgg, { seed: 1 });
    const both = data(pen, plate);
    const { state: kept } = await repair(
      { network: vgg, state },
      { runtime, threads: 1, data: both, perDataset: true },
    );
    expect(datasetsWithStatistics(vgg, kept)).toEqual(["pen", "plate"]);
    const own = (await repair({ network: vgg, state }, { runtime, threads: 1, data: data(plate) })).state;
    const shared = (await repair({ network: vgg, state }, { runtime, threads: 1, data: both })).state;
    const withoutCounters = (of: StateDict) => [...of].filter(([key]) => !key.endsWith("tracked"));
    expect(withoutCounters(chooseStatistics(vgg, kept, "plate"))).toEqual(withoutCounters(own));
    expect(chooseStatistics(vgg, kept, undefined)).toEqual(shared);
    expect(() => chooseStatistics(vgg, kept, "plat")).toThrow('There is no set of statistics for "plat".');
    // What was repaired so can be repaired again.
    expect((await repair({ network: vgg, state: kept }, { runtime, threads: 1, data: both })).state).toEqual(shared);
  });
});

describe("rescaling", () => {
  test("gives hidden units their parents' means and deviations, fused into the weights", async () => {
    const parents = [1, 2].map((seed) => createInitialState(lenet, { seed }));
    const state = average(parents[0], parents[1]);
    const {
      state: repaired,
      method,
      ratios = [],
    } = await repair({ network: lenet, state }, { runtime, threads: 1, data: data(pen), parents });
    expect(method).toBe("rescale");
    expect([...repaired.keys()]).toEqual([...state.keys()]);
    expect(repaired.get("fc3.weight")).toEqual(state.get("fc3.weight"));
    for (const { layer, before, after } of ratios.slice(0, -1)) {
      expect(before, layer).toBeLessThan(0.8);
      expect(Math.abs(after - 1), layer).toBeLessThan(0.1);
    }
  });
});

describe("statistics without data", () => {
  test("are the parents' own where they are one and the same network", async () => {
    const state = (
      await repair(
        { network: vgg, state: createInitialState(vgg, { seed: 1 }) },
        { runtime, threads: 1, data: data(pen) },
      )
    ).state;
    const { state: repaired } = await repair(
      { network: vgg, state },
      { runtime, method: "data-free", parents: [state, state] },
    );
    for (const key of ["block_1.1.running_mean", "block_4.7.running_var"]) {
      for (const [i, value] of numbers(state, key).entries()) expect(numbers(repaired, key)[i]).toBeCloseTo(value, 4);
    }
  });
});

describe("bad input", () => {
  const state = createInitialState(vgg, { seed: 1 });

  test("statistics need images", async () => {
    await expect(repair({ network: vgg, state }, { runtime })).rejects.toMatchObject({ code: "missing-data" });
  });

  test("rescaling needs parents", async () => {
    await expect(
      repair({ network: lenet, state: createInitialState(lenet, { seed: 1 }) }, { runtime, data: data(pen) }),
    ).rejects.toThrow('Repair by "rescale" needs the models it was merged from; none were given.');
  });

  test("too few images for a batch are counted", async () => {
    await expect(repair({ network: vgg, state }, { runtime, data: { images: [pen], batch: 128 } })).rejects.toThrow(
      "The images of pen (96) do not fill one batch of 128.",
    );
  });

  test("a state dict of another network is refused", async () => {
    await expect(repair({ network: lenet, state }, { runtime, data: data(pen) })).rejects.toThrow(
      "the model does not fit lenet5; 86 differences:",
    );
  });
});
