import { describe, expect, test } from "vitest";
import { parseArchitecture } from "../../network/parse-architecture.js";
import { derivePermutationSpec } from "./derive-spec.js";
import { inferChainSpec } from "./infer-chain-spec.js";

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
