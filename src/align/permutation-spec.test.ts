import { describe, expect, test } from "vitest";
import { buildGoldenNetwork, goldenNetworks } from "../../test/support/golden-networks.js";
import { architectures } from "../network/architectures.gen.js";
import { createNetwork } from "../network/create-network.js";
import { createInitialState } from "../network/initial-state.js";
import { parseArchitecture } from "../network/parse-architecture.js";
import { onnxRuntime } from "../node/onnx-runtime.js";
import { createTensor, type StateDict } from "../tensor/tensor.js";
import { applyPermutation, invertPermutation } from "./apply-permutation.js";
import { derivePermutationSpec } from "./derive-spec.js";
import { inferChainSpec } from "./infer-chain-spec.js";
import { checkSpec, type PermutationSpec } from "./permutation-spec.js";
import { proveSpec } from "./prove-spec.js";
import { randomPermutation } from "./random-permutation.js";
import { parseSpec, serializeSpec } from "./serialize-spec.js";

const vgg = parseArchitecture("vgg16:width=0.0625").network;

/** An initial state whose vectors are not all alike, so that a wrong order of them shows. */
function variedState(network: Parameters<typeof createInitialState>[0]): StateDict {
  const state = createInitialState(network, { seed: 3 });
  return new Map(
    [...state].map(([key, tensor]) =>
      tensor.shape.length === 1 && tensor.dtype === "f32"
        ? [
            key,
            createTensor(
              "f32",
              tensor.shape,
              Array.from({ length: tensor.shape[0] }, (_, i) => 0.6 + ((i * 37) % 17) / 17),
            ),
          ]
        : [key, tensor],
    ),
  );
}

describe("deriving a permutation spec", () => {
  test("covers every architecture", () => {
    const covered = new Set(Object.keys(goldenNetworks).map((name) => name.split(":")[0]));
    for (const { id } of architectures) expect(covered).toContain(id);
  });

  test.each(Object.keys(goldenNetworks))("%s: a random order of its units leaves its logits alone", async (name) => {
    const network = buildGoldenNetwork(name);
    const spec = derivePermutationSpec(network);
    expect(spec.groups.size).toBeGreaterThan(0);
    const change = await proveSpec({ network, state: variedState(network) }, spec, {
      runtime: onnxRuntime,
      threads: 1,
    });
    expect(change).toBeLessThan(1e-4);
  });

  test("follows units through batch normalisation and flattening", () => {
    const { axes, groups } = derivePermutationSpec(vgg);
    expect(axes.get("block_1.3.weight")).toEqual(["block_1.3", "block_1.0", 3, 3]);
    expect(axes.get("block_1.1.running_var")).toEqual(["block_1.0"]);
    expect(axes.get("classifier.0.weight")).toEqual(["classifier.0", { product: ["block_4.6", 4] }]);
    expect(axes.get("classifier.6.weight")).toEqual([10, "classifier.3"]);
    expect(axes.has("classifier.6.bias")).toBe(false);
    expect(groups.size).toBe(12);
  });

  test("ties the layers that meet in additions", () => {
    const { axes, groups } = derivePermutationSpec(parseArchitecture("resnet20").network);
    expect(axes.get("conv1.weight")).toEqual(["conv1", 3, 3, 3]);
    expect(axes.get("layer1.2.conv2.weight")).toEqual(["conv1", "layer1.2.conv1", 3, 3]);
    expect(axes.get("layer2.0.shortcut.0.weight")).toEqual(["layer2.0.conv2", "conv1", 1, 1]);
    expect(groups.size).toBe(12);
  });

  test("units that a constant of the graph follows stay", () => {
    const network = createNetwork("scaled", { input: [4] }, (layers, x) => {
      const hidden = layers.linear(x, "0", { in: 4, out: 3 });
      return layers.linear(layers.build.node("Mul", [hidden, layers.build.floats(1, 2, 3)]), "1", { in: 3, out: 2 });
    });
    expect(derivePermutationSpec(network).groups.size).toBe(0);
  });
});

describe("proving a spec", () => {
  test("names the groups that break", async () => {
    const spec = derivePermutationSpec(vgg);
    const axes = new Map(spec.axes);
    axes.set("block_2.0.bias", [spec.groups.get("block_2.0") as number]);
    axes.set("block_2.1.weight", [spec.groups.get("block_2.0") as number]);
    const state = variedState(vgg);
    await expect(
      proveSpec({ network: vgg, state }, { ...spec, axes }, { runtime: onnxRuntime, threads: 1 }),
    ).rejects.toThrow('reordering group "block_2.0" changes its outputs');
  });
});

describe("inferring the spec of a chain", () => {
  test.each(["mlp", "lenet5", "vgg16:width=0.0625"])("%s: as from the graph", (name) => {
    const { network } = parseArchitecture(name);
    expect(inferChainSpec(network.state, { source: "a.pth" })).toEqual(derivePermutationSpec(network));
  });

  test("refuses what is no chain", () => {
    const { state } = parseArchitecture("resnet20").network;
    expect(() => inferChainSpec(state, { source: "a.pth" })).toThrowErrorMatchingInlineSnapshot(
      `[OnebasinError: a.pth is not a plain chain of layers: "layer2.0.shortcut.0.weight" [32, 16, 1, 1] does not continue 32 units; it takes 16.]`,
    );
  });
});

describe("a spec as text", () => {
  test.each(["yaml", "json"] as const)("reads back what it wrote as %s", (format) => {
    const spec = derivePermutationSpec(buildGoldenNetwork("mixed"));
    expect(parseSpec(serializeSpec(spec, { format }), { source: "spec" })).toEqual(spec);
  });

  test("reports everything that is wrong", () => {
    const text = "groups: {a: 3, b: -1}\naxes: {w: [a, c], v: [{sum: [a]}], u: 3}";
    expect(() => parseSpec(text, { source: "spec.yml" })).toThrowErrorMatchingInlineSnapshot(`
      [OnebasinError: 4 problems with spec.yml:
        - spec.yml: group "b" has the size -1; expected a whole number from 1.
        - spec.yml: the axes of key "v" are not a list of axes.
        - spec.yml: the axes of key "u" are not a list of axes.
        - spec.yml: key "w" names the group "c", which has no size.]
    `);
  });

  test.each([
    ["nothing", ""],
    ["a list", "- 1"],
    ["aliases", "groups: &a {x: 1}\naxes: *a"],
    ["an open brace", "{"],
    ["numbers", "groups: 1\naxes: 2"],
    ["endless nesting", "[".repeat(5000)],
  ])("refuses %s", (_, text) => {
    expect(() => parseSpec(text, { source: "spec.yml" })).toThrow(/^spec.yml: /);
  });
});

describe("applying a permutation", () => {
  test("and its inverse gives the same bytes back, in every dtype", () => {
    const spec: PermutationSpec = {
      groups: new Map([
        ["a", 5],
        ["b", 3],
      ]),
      axes: new Map([
        ["f64", ["a", { product: ["b", 2] }]],
        ["bf16", [2, { concat: ["a", "b", 1] }, 3]],
        ["i64", ["b"]],
        ["u8", ["a", "a"]],
      ]),
    };
    const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
    const state: StateDict = new Map([
      ["f64", createTensor("f64", [5, 6], numbers(30))],
      ["bf16", createTensor("bf16", [2, 9, 3], numbers(54))],
      ["i64", createTensor("i64", [3], numbers(3))],
      ["u8", createTensor("u8", [5, 5], numbers(25))],
      ["other", createTensor("f32", [], [1])],
    ]);
    const permutation = randomPermutation(spec, { seed: 1 });
    const moved = applyPermutation(state, permutation, { spec });
    expect(moved).not.toEqual(state);
    expect(applyPermutation(moved, invertPermutation(permutation), { spec })).toEqual(state);
  });

  test("is refused with every key that does not fit", () => {
    const spec = derivePermutationSpec(vgg);
    expect(() => checkSpec(spec, parseArchitecture("vgg16:width=0.125").network.state, { source: "b.pth" })).toThrow(
      'Key "block_1.0.weight": b.pth has [8, 1, 3, 3], the permutation spec describes [4, 1, 3, 3].',
    );
  });
});
