import { describe, expect, test } from "vitest";
import { createInitialState } from "../network/initial-state.js";
import { parseArchitecture } from "../network/parse-architecture.js";
import { onnxRuntime as runtime } from "../node/onnx-runtime.js";
import { createTensor } from "../tensor/tensor.js";
import { align } from "./align.js";

const { network } = parseArchitecture("lenet5");

describe("bad input", () => {
  const a = createInitialState(network, { seed: 1 });

  test("a matcher that needs images says so", async () => {
    await expect(align([a, a], { runtime, using: "activations", network })).rejects.toThrowErrorMatchingInlineSnapshot(
      `[OnebasinError: Matcher "activations" compares what units do on images; none were given.]`,
    );
  });

  test("networks of different depth are told apart key by key", async () => {
    const b = createInitialState(parseArchitecture("vgg16:width=0.0625").network, { seed: 1 });
    await expect(align([a, b], { runtime, network })).rejects.toThrow(
      'b lacks key "conv1.weight" [6, 1, 5, 5] of lenet5.',
    );
  });

  test("an unknown matcher gets the nearest name", async () => {
    await expect(align([a, a], { runtime, using: "weight" })).rejects.toMatchObject({
      hint: expect.stringContaining('"weights"'),
    });
  });

  test("one model is too few", async () => {
    await expect(align([a], { runtime, network })).rejects.toThrow('The matcher "weights" takes 2 models, 1 given.');
  });

  test("numbers that are none are named", async () => {
    const b = new Map(a).set("fc1.bias", createTensor("f32", [120], new Array(120).fill(Number.NaN)));
    await expect(align([a, b], { runtime, network, threads: 1 })).rejects.toMatchObject({ code: "non-finite" });
  });
});
