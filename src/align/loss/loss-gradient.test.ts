import { describe, expect, test } from "vitest";
import { loadDataset } from "../../data/load-dataset.js";
import { createInitialState } from "../../network/initial-state.js";
import { parseArchitecture } from "../../network/parse-architecture.js";
import { onnxRuntime as runtime } from "../../node/onnx-runtime.js";
import { tensorFloats } from "../../tensor/float32.js";
import type { Tensor } from "../../tensor/tensor.js";
import { createLossGradient } from "./loss-gradient.js";
import { takeBatches } from "./take-batches.js";

const run = { runtime, threads: 1 };

describe("the gradient of the loss", () => {
  test.each(["mlp:layers=1024-12-10", "vgg16:width=0.03125", "resnet20:width=0.25,channels=1"])(
    "%s: is that of differences",
    async (name) => {
      const known = parseArchitecture(name).network;
      const state = createInitialState(known, { seed: 1 });
      const pen = await loadDataset("pen", { split: "train", limit: 16 });
      const [batch] = takeBatches(known, { images: [pen], batch: 16, batches: 1, seed: 0 });
      const gradient = await createLossGradient(known, { ...run, batch: 16 });
      const { loss, gradients } = await gradient.run(state, batch);
      expect(loss).toBeGreaterThan(0);
      // One direction in all parameters at once, along the gradient.
      const length = Math.sqrt([...gradients.values()].flatMap((it) => [...it]).reduce((sum, g) => sum + g * g, 0));
      const at = async (step: number): Promise<number> => {
        const moved = new Map(state);
        for (const [key, values] of gradients) {
          const { shape } = state.get(key) as Tensor;
          const numbers = tensorFloats(state.get(key) as Tensor).map((value, i) => value + (step * values[i]) / length);
          moved.set(key, { dtype: "f32", shape, bytes: new Uint8Array(numbers.buffer) });
        }
        return (await gradient.run(moved, batch)).loss;
      };
      const step = 0.001;
      const slope = ((await at(step)) - (await at(-step))) / (2 * step);
      await gradient.close();
      expect(slope / length).toBeGreaterThan(0.97);
      expect(slope / length).toBeLessThan(1.03);
    },
  );
});
