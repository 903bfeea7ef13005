import { describe, expect, test } from "vitest";
import { goldenState } from "../../../test/support/golden-networks.js";
import { parseArchitecture } from "../../network/parse-architecture.js";
import { onnxRuntime } from "../../node/onnx-runtime.js";
import { derivePermutationSpec } from "./derive-spec.js";
import { proveSpec } from "./prove-spec.js";

const vgg = parseArchitecture("vgg16:width=0.0625").network;

describe("proving a spec", () => {
  test("names the groups that break", async () => {
    const spec = derivePermutationSpec(vgg);
    const axes = new Map(spec.axes);
    axes.set("block_2.0.bias", [spec.groups.get("block_2.0") as number]);
    axes.set("block_2.1.weight", [spec.groups.get("block_2.0") as number]);
    const state = goldenState(vgg);
    await expect(
      proveSpec({ network: vgg, state }, { ...spec, axes }, { runtime: onnxRuntime, threads: 1 }),
    ).rejects.toThrow('reordering group "block_2.0" changes its outputs');
  });
});
