import { describe, expect, test } from "vitest";
import { buildGoldenNetwork, goldenNetworks, goldenState } from "../../../test/support/golden-networks.js";
import { architectures } from "../../network/architectures.gen.js";
import { createNetwork } from "../../network/create-network.js";
import { parseArchitecture } from "../../network/parse-architecture.js";
import { onnxRuntime } from "../../node/onnx-runtime.js";
import { derivePermutationSpec } from "./derive-spec.js";
import { proveSpec } from "./prove-spec.js";

const vgg = parseArchitecture("vgg16:width=0.0625").network;

describe("deriving a permutation spec", () => {
  test("covers every architecture", () => {
    const covered = new Set(Object.keys(goldenNetworks).map((name) => name.split(":")[0]));
    for (const { id } of architectures) expect(covered).toContain(id);
  });

  test.each(Object.keys(goldenNetworks))("%s: a random order of its units leaves its logits alone", async (name) => {
    const network = buildGoldenNetwork(name);
    const spec = derivePermutationSpec(network);
    expect(spec.groups.size).toBeGreaterThan(0);
    const change = await proveSpec({ network, state: goldenState(network) }, spec, {
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
