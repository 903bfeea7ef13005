import { afterAll, describe, expect, test } from "vitest";
import { buildGoldenNetwork, goldenImages, goldenNetworks, goldenState } from "../../test/support/golden-networks.js";
import { permuteTensor } from "../../test/support/permute-tensor.js";
import { createRandom } from "../core/random.js";
import { onnxRuntime } from "../node/onnx-runtime.js";
import { tensorFloats } from "../tensor/float32.js";
import type { StateDict, Tensor } from "../tensor/tensor.js";
import { architectures } from "./architectures.gen.js";
import { type AxisStructure, axisOrder, findAxes } from "./axes.js";
import type { Network } from "./graph.js";
import { guessArchitecture } from "./guess-architecture.js";
import { inferShapes } from "./infer-shapes.js";
import { createInference, type Inference } from "./inference.js";
import { createInitialState } from "./initial-state.js";
import { parseArchitecture } from "./parse-architecture.js";

/** Sums in another order than PyTorch's, over some thousand terms. */
const LOGIT_TOLERANCE = 1e-4;

const open: Inference[] = [];
afterAll(async () => {
  for (const inference of open) await inference.close();
});

async function logitsOf(network: Network, state: StateDict, images: Tensor): Promise<Float32Array> {
  const inference = await createInference(network, state, { runtime: onnxRuntime, threads: 1 });
  open.push(inference);
  return tensorFloats((await inference.run(images))[network.outputs[0].name]);
}

describe.each(Object.keys(goldenNetworks))("%s", (name) => {
  const golden = goldenNetworks[name];
  const network = buildGoldenNetwork(name);

  test("keys, their order and shapes are PyTorch's", () => {
    expect([...network.state].map(([key, { shape }]) => [key, shape])).toEqual(golden.keys);
  });

  test("logits are PyTorch's", async () => {
    const logits = await logitsOf(network, goldenState(network), goldenImages(0, golden));
    for (const [i, value] of golden.logits.flat().entries()) {
      expect(Math.abs(logits[i] - value), `logit ${i}`).toBeLessThan(LOGIT_TOLERANCE * (1 + Math.abs(value)));
    }
  });

  test("is guessed from its keys and shapes", () => {
    const guessed = guessArchitecture(network.state);
    // The size of the images leaves no trace under global pooling.
    expect(guessed?.name).toBe(name === "mixed" ? undefined : name.replace(",size=64", ""));
  });

  test("reordering its units leaves its logits alone", async () => {
    const shapes = inferShapes(network, { sizes: { n: 2 } });
    const axes = findAxes(network, shapes);
    const orders = new Map<number, number[]>();
    const collect = (structure: AxisStructure): void => {
      if (structure.kind === "group") {
        if (axes.isFixed(structure.group) || orders.has(structure.group)) return;
        const places = Array.from({ length: structure.size }, (_, i) => i);
        orders.set(structure.group, createRandom(5, name, structure.group).shuffle(places));
      } else for (const part of structure.kind === "product" ? structure.factors : structure.parts) collect(part);
    };
    const state = goldenState(network);
    const moved = new Map<string, Tensor>();
    for (const [key, tensor] of state) {
      const structures = tensor.shape.map((_, axis) => axes.structureOf(key, axis));
      for (const structure of structures) collect(structure);
      moved.set(
        key,
        permuteTensor(
          tensor,
          structures.map((structure) => axisOrder(structure, (group) => orders.get(group))),
        ),
      );
    }
    expect(orders.size).toBeGreaterThan(1);
    expect([...moved].some(([key, tensor]) => !sameNumbers(tensor, state.get(key)!))).toBe(true);
    const images = goldenImages(0, golden);
    const before = await logitsOf(network, state, images);
    const after = await logitsOf(network, moved, images);
    for (const [i, value] of before.entries()) {
      expect(Math.abs(after[i] - value), `logit ${i}`).toBeLessThan(LOGIT_TOLERANCE * (1 + Math.abs(value)));
    }
  });
});

const sameNumbers = (a: Tensor, b: Tensor): boolean => a.bytes.every((byte, i) => byte === b.bytes[i]);

describe.each(architectures.map((architecture) => [architecture.id, architecture] as const))(
  "%s",
  (id, { doc, title }) => {
    test("has a title and a sentence about itself, and runs at its defaults", () => {
      expect(title.length).toBeGreaterThan(10);
      expect(doc).toMatch(/\.$/);
      const chosen = parseArchitecture(id);
      expect(chosen.name).toBe(id);
      const { shapes } = inferShapes(chosen.network, { sizes: { n: 3 } });
      expect(shapes.get("logits")).toEqual([3, chosen.values.classes ?? 10]);
    });
  },
);

test("initial weights lie within PyTorch's bounds, and depend on seed and key only", () => {
  const { network } = parseArchitecture("lenet5");
  const state = createInitialState(network, { seed: 1 });
  const weight = tensorFloats(state.get("fc1.weight")!);
  const bound = 1 / Math.sqrt(400);
  expect(Math.max(...weight)).toBeLessThanOrEqual(bound);
  expect(Math.max(...weight)).toBeGreaterThan(0.99 * bound);
  const mean = weight.reduce((sum, value) => sum + value, 0) / weight.length;
  // The mean of n uniform numbers strays by bound/√(3n); four times that is allowed.
  expect(Math.abs(mean)).toBeLessThan((4 * bound) / Math.sqrt(3 * weight.length));
  const again = createInitialState(parseArchitecture("lenet5:classes=7").network, { seed: 1 });
  expect(again.get("fc1.weight")).toEqual(state.get("fc1.weight"));
  expect(createInitialState(network, { seed: 2 }).get("fc1.weight")).not.toEqual(state.get("fc1.weight"));
});

test.each([
  ["vgg19", "unknown-name", 'There is no architecture called "vgg19".'],
  ["vgg16:widht=2", "unknown-name", 'There is no parameter of architecture "vgg16" called "widht".'],
  ["vgg16:width", "bad-argument", 'Architecture "vgg16:width": "width" is not an option of the form key=value.'],
  [
    "vgg16:width=0",
    "bad-argument",
    'Parameter "width" of architecture "vgg16" is "0"; expected number in [0.015625, 8]; default 1.',
  ],
  [
    "mlp:layers=784",
    "bad-argument",
    'Architecture "mlp": layers is "784"; expected at least two sizes from 1 to 1048576, joined by hyphens.',
  ],
  [
    "mlp:layers=784-1e9-10",
    "bad-argument",
    'Architecture "mlp": layers is "784-1e9-10"; expected at least two sizes from 1 to 1048576, joined by hyphens.',
  ],
])("%s is refused", (text, code, message) => {
  expect(() => parseArchitecture(text)).toThrow(expect.objectContaining({ code, message }));
});

test("a state dict of another kind is not guessed", () => {
  const shapes = new Map([["0.weight", { shape: [4, 3] }]]);
  expect(guessArchitecture(shapes)).toBeUndefined();
  expect(guessArchitecture(new Map())).toBeUndefined();
});
