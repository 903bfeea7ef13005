import { describe, expect, test } from "vitest";
import { buildGoldenNetwork, goldenNetworks, goldenState } from "../../test/support/golden-networks.js";
import { derivePermutationSpec } from "../align/spec/derive-spec.js";
import { applyPermutation } from "../align/unit-maps/apply-permutation.js";
import { randomPermutation } from "../align/unit-maps/random-permutation.js";
import { createBatches } from "../data/create-batches.js";
import { inputFormatOf } from "../data/input-format-of.js";
import { loadDataset } from "../data/load-dataset.js";
import { createInference } from "../network/inference.js";
import { createInitialState } from "../network/initial-state.js";
import type { Head } from "../network/join-heads.js";
import { parseOnnx } from "../network/onnx/parse-onnx.js";
import { serializeOnnx } from "../network/onnx/serialize-onnx.js";
import { parseArchitecture } from "../network/parse-architecture.js";
import { onnxRuntime as runtime } from "../node/onnx-runtime.js";
import { recomputeStatistics } from "../repair/recompute-statistics.js";
import { floatsTensor, tensorFloats } from "../tensor/float32.js";
import { createTensor } from "../tensor/tensor.js";
import { type ZipOptions, zip } from "./zip.js";

const images = await Promise.all(["pen", "plate"].map((name) => loadDataset(name, { split: "train", limit: 64 })));
const common: ZipOptions = { runtime, threads: 1, data: { images }, params: { batch: 32, batches: 2 } };

function headOf(architecture: string, seed: number): Head {
  const { network } = parseArchitecture(architecture);
  return { name: `head${seed}`, network, state: createInitialState(network, { seed }) };
}

/** What each output of a network gives for some images. */
async function outputsOf({ network, state }: Omit<Head, "name">): Promise<Record<string, Float32Array>> {
  const format = inputFormatOf(network);
  const [batch] = createBatches(images[0], { format, batch: 8 });
  const inference = await createInference(network, state, { runtime, threads: 1 });
  const outputs = await inference.run(floatsTensor([8, format.channels, format.size, format.size], batch.images));
  await inference.close();
  return Object.fromEntries(Object.entries(outputs).map(([name, tensor]) => [name, tensorFloats(tensor).slice()]));
}

/** The largest difference between what two networks give, as a share of the largest number. */
function difference(a: Float32Array, b: Float32Array): number {
  const largest = a.reduce((most, it) => Math.max(most, Math.abs(it)), 0);
  return a.reduce((most, it, i) => Math.max(most, Math.abs(it - b[i])), 0) / largest;
}

/** Sums run in another order, and some units are read as a sum of several. */
const TOLERANCE = 1e-4;

describe.each(Object.keys(goldenNetworks).filter((name) => name !== "mixed"))(
  "%s and itself in another order",
  (name) => {
    const network = buildGoldenNetwork(name);
    const a = goldenState(network);
    const spec = derivePermutationSpec(network);
    const b = applyPermutation(a, randomPermutation(spec, { seed: 2 }), { spec });

    test.each(["1", "0.5", "all"])("compute what they did on one trunk, to depth %s", async (depth) => {
      const { logits } = await outputsOf({ network, state: a });
      const heads = [
        { name: "a", network, state: a },
        { name: "b", network, state: b },
      ];
      const zipped = await zip(heads, { ...common, depth, repair: false });
      const after = await outputsOf(zipped);
      expect(Object.keys(after)).toEqual(["a", "b"]);
      for (const head of zipped.heads) expect(difference(logits, after[head])).toBeLessThan(TOLERANCE);
      for (const { correlation, within, varianceAfter } of zipped.report.layers) {
        expect(correlation).toBeCloseTo(1, 4);
        expect(within).toBe(0);
        expect(varianceAfter).toBeCloseTo(1, 3);
      }
    });
  },
);

describe("depth", () => {
  test("0 is both networks, as they were, without images", async () => {
    const heads = [headOf("vgg16:width=0.03125", 1), headOf("vgg16:width=0.03125", 2)];
    const zipped = await zip(heads, { runtime, depth: 0 });
    const after = await outputsOf(zipped);
    for (const head of heads) {
      expect(difference((await outputsOf(head)).logits, after[head.name])).toBeLessThan(1e-6);
      const weight = head.state.get("block_2.0.weight");
      expect(zipped.state.get(`${head.name}.block_2.0.weight`)).toEqual(weight);
    }
    expect(zipped.report).toEqual({ depth: 0, of: 13, layers: [] });
  });

  test.each([
    [1, ["conv1"]],
    ["conv2", ["conv1", "conv2"]],
    [0.5, ["conv1", "conv2"]],
    ["1.0", ["conv1", "conv2", "fc1", "fc2"]],
    [undefined, ["conv1", "conv2"]],
  ])("%s names the layers of the trunk, and all above are the heads' own", async (depth, layers) => {
    const zipped = await zip([headOf("lenet5", 1), headOf("lenet5", 2)], { ...common, depth });
    expect(zipped.report.layers.map(({ layer }) => layer)).toEqual(layers);
    expect(zipped.shared).toEqual(layers.flatMap((layer) => [`${layer}.weight`, `${layer}.bias`]));
    expect(zipped.state.has("head2.fc3.weight")).toBe(true);
    expect(zipped.network.nodes.filter(({ op }) => op === "Conv")).toHaveLength(depth === 1 ? 3 : 2);
  });

  test("all of the units kept leave both networks as they were", async () => {
    const heads = [headOf("resnet20:width=0.25,channels=1", 1), headOf("resnet20:width=0.25,channels=1", 2)];
    const params = { ...common.params, keep: 1 };
    const zipped = await zip(heads, { ...common, params, depth: "all", repair: false });
    const after = await outputsOf(zipped);
    for (const head of heads) {
      expect(difference((await outputsOf(head)).logits, after[head.name])).toBeLessThan(TOLERANCE);
    }
    expect(zipped.report.layers[0]).toMatchObject({ before: [4, 4], after: 8, within: 0, across: 0, correlation: 1 });
  });
});

test("networks of other widths and classes share a trunk, which an ONNX file holds", async () => {
  const heads = [headOf("vgg16:width=0.0625,classes=10", 1), headOf("vgg16:width=0.03125,classes=26", 2)];
  const zipped = await zip(heads, { ...common, depth: 4 });
  expect(zipped.report.layers.map(({ before, after }) => [...before, after])).toEqual([
    [4, 2, 3],
    [4, 2, 3],
    [8, 4, 6],
    [8, 4, 6],
  ]);
  expect(zipped.network.nodes.filter(({ op }) => op === "Conv")).toHaveLength(4 + 2 * 6);
  const file = parseOnnx(serializeOnnx(zipped.network, { state: zipped.state }), { source: "zipped.onnx" });
  const [here, there] = [await outputsOf(zipped), await outputsOf(file)];
  expect([here.head1.length, here.head2.length]).toEqual([80, 208]);
  for (const head of zipped.heads) expect(difference(here[head], there[head])).toBeLessThan(1e-6);
});

test.each(["layer1.1.conv1", "layer2.0.conv2", "all"])(
  "residual networks of other widths and classes are left as they were where no unit is lost, to %s",
  async (depth) => {
    // A cut within a block leaves the addition above it, which then reads the trunk beside the head's own layer.
    const heads = [
      headOf("resnet20:width=0.25,channels=1,classes=10", 1),
      headOf("resnet20:width=0.5,channels=1,classes=4", 2),
    ];
    const params = { ...common.params, keep: 1 };
    const zipped = await zip(heads, { ...common, params, depth, repair: false });
    const after = await outputsOf(zipped);
    for (const head of heads) {
      expect(difference((await outputsOf(head)).logits, after[head.name])).toBeLessThan(TOLERANCE);
    }
  },
);

test("three networks share one trunk, and the same seed gives the same bytes", async () => {
  const heads = [1, 2, 3].map((seed) => headOf("lenet5", seed));
  const run = () => zip(heads, { ...common, depth: "fc1", params: { ...common.params, keep: 1 / 3 } });
  const zipped = await run();
  expect(zipped.heads).toEqual(["head1", "head2", "head3"]);
  expect(zipped.report.layers[2]).toMatchObject({ layer: "fc1", before: [120, 120, 120], after: 120 });
  expect((await run()).state).toEqual(zipped.state);
});

test("repair gives units the variance of those that they were made of", async () => {
  // Statistics of a network just built are not those of what it does.
  const heads: Head[] = [];
  for (const seed of [1, 2]) {
    const head = headOf("vgg16:width=0.0625", seed);
    heads.push({ ...head, state: await recomputeStatistics(head, { images, batch: 32 }, { runtime, threads: 1 }) });
  }
  const zipped = await zip(heads, {
    ...common,
    depth: 4,
    params: { ...common.params, unmerge: "copy" },
  });
  for (const { varianceBefore, varianceAfter } of zipped.report.layers) {
    expect(varianceBefore).toBeLessThan(0.9);
    expect(varianceAfter).toBeCloseTo(1, 1);
  }
});

describe("bad input", () => {
  const [a, b] = [headOf("lenet5", 1), headOf("lenet5", 2)];

  test("without images there is nothing to compare", async () => {
    await expect(zip([a, b], { runtime })).rejects.toMatchObject({ code: "missing-data" });
  });

  test("networks of other structure, one model, and a name that stands twice are all said at once", async () => {
    const other = headOf("vgg16:width=0.03125", 3);
    await expect(zip([a, { ...other, name: "head1" }], common)).rejects.toThrowErrorMatchingInlineSnapshot(`
      [OnebasinError: 2 problems with the models to zip:
        - Two heads are called "head1".
        - head1 has 13 layers, head1 has 5: only networks of one structure share a trunk.]
    `);
    await expect(zip([a], common)).rejects.toThrow("Zip takes two models or more, 1 given.");
    const deeper = headOf("mlp:layers=784-32-16-10", 3);
    await expect(zip([headOf("mlp:layers=784-32-10", 4), deeper], common)).rejects.toThrowErrorMatchingInlineSnapshot(
      `[OnebasinError: head3 has 3 layers, head4 has 2: only networks of one structure share a trunk.]`,
    );
  });

  test("a depth that does not exist is refused", async () => {
    const depths = ["conv3", "fc3", 5, "1.5", -1];
    const messages = await Promise.all(
      depths.map((depth) => zip([a, b], { ...common, depth }).catch((error: Error) => error.message)),
    );
    expect(messages).toMatchInlineSnapshot(`
      [
        "There is no layer of lenet5 called "conv3".",
        "lenet5 cannot be merged to a depth of layer "fc3": of its 5 layers the first 4 can be merged.",
        "lenet5 cannot be merged to a depth of 5 layers: of its 5 layers the first 4 can be merged.",
        "The depth is 1.5; a share of the layers is from 0.0 to 1.0.",
        "lenet5 cannot be merged to a depth of -1 layers: of its 5 layers the first 4 can be merged.",
      ]
    `);
  });

  test("parameters out of range are named", async () => {
    const params = { alpha: 2, gamma: 1 };
    await expect(zip([a, b], { ...common, params })).rejects.toThrowErrorMatchingInlineSnapshot(`
      [OnebasinError: 2 problems with the models to zip:
        - There is no parameter of zip called "gamma".
        - Parameter "alpha" of zip is 2; expected number in [0, 1]; default 0.3.]
    `);
  });

  test("numbers that are none are found before anything is merged", async () => {
    const bias = createTensor("f32", [6], new Array(6).fill(Number.NaN));
    const broken = { ...b, state: new Map(b.state).set("conv1.bias", bias) };
    await expect(zip([a, broken], common)).rejects.toMatchObject({ code: "non-finite" });
  });

  test("layers that mix fixed groups of units end the trunk", async () => {
    const network = buildGoldenNetwork("mixed");
    const mixed = { name: "mixed", network, state: goldenState(network) };
    const pair = [mixed, { ...mixed, name: "other" }];
    expect((await zip(pair, { ...common, depth: "all" })).report.depth).toBe(0);
    await expect(zip(pair, { ...common, depth: 1 })).rejects.toMatchObject({ code: "bad-argument" });
  });
});
