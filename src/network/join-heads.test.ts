import { expect, test } from "vitest";
import { patternImages } from "../../test/support/pattern-images.js";
import { evaluate } from "../evaluate/evaluate.js";
import { onnxRuntime } from "../node/onnx-runtime.js";
import type { StateDict } from "../tensor/tensor.js";
import type { Network } from "./graph.js";
import { createInitialState } from "./initial-state.js";
import { joinHeads } from "./join-heads.js";
import { parseOnnx } from "./onnx/parse-onnx.js";
import { serializeOnnx } from "./onnx/serialize-onnx.js";
import { outputClasses } from "./output-classes.js";
import { parseArchitecture } from "./parse-architecture.js";

const networkOf = (name: string): Network => parseArchitecture(name).network;
const runtime = onnxRuntime;

/** Parameters upstream of a layer from one seed, all else from another. */
function stateOf(network: Network, { layer, seed }: { readonly layer: string; readonly seed: number }): StateDict {
  const trunk = createInitialState(network, { seed: 0 });
  const own = createInitialState(network, { seed });
  const keys = [...network.state.keys()];
  const cut = keys.findIndex((key) => key.startsWith(layer));
  return new Map(keys.map((key, index) => [key, (index < cut ? trunk : own).get(key)!]));
}

test("a trunk is stored and computed once, and heads may tell different numbers of classes apart", async () => {
  const images = patternImages("images", { count: 60, size: 28 });
  const heads = ["first", "second"].map((name, index) => {
    const network = networkOf(`lenet5:classes=${3 + index}`);
    return { name, network, state: stateOf(network, { layer: "fc2", seed: 1 + index }) };
  });
  const joined = joinHeads(heads);
  expect(joined.shared).toEqual(["conv1.weight", "conv1.bias", "conv2.weight", "conv2.bias", "fc1.weight", "fc1.bias"]);
  expect([...joined.state.keys()]).toEqual([
    ...joined.shared,
    ...heads.flatMap(({ name }) => ["fc2.weight", "fc2.bias", "fc3.weight", "fc3.bias"].map((key) => `${name}.${key}`)),
  ]);
  expect(joined.network.nodes.filter(({ op }) => op === "Conv")).toHaveLength(2);
  expect(joined.network.nodes.filter(({ op }) => op === "Gemm")).toHaveLength(1 + 2 * 2);
  expect(heads.map(({ name }) => outputClasses(joined.network, name))).toEqual([3, 4]);

  const file = parseOnnx(serializeOnnx(joined.network, { state: joined.state }), { source: "heads.onnx" });
  expect(file.network.outputs.map(({ name }) => name)).toEqual(["first", "second"]);
  for (const { name, network, state } of heads) {
    const alone = await evaluate({ network, state }, images, { runtime, threads: 1 });
    expect(await evaluate(joined, images, { runtime, threads: 1, head: name })).toEqual(alone);
    expect(await evaluate(file, images, { runtime, threads: 1, head: name })).toEqual(alone);
  }
  await expect(evaluate(joined, images, { runtime, head: "third" })).rejects.toThrow(
    'There is no head of heads called "third"',
  );
});

test("statistics that differ keep heads apart from there on, and parameters are stored once all the same", async () => {
  const network = networkOf("vgg16:width=0.03125,classes=3");
  const first = createInitialState(network, { seed: 0 });
  const second = new Map(first);
  const [mean, other] = ["block_1.1.running_mean", "block_1.0.bias"];
  second.set(mean, { ...first.get(mean)!, bytes: first.get(other)!.bytes });
  const heads = [first, second].map((state, index) => ({ name: `head${index}`, network, state }));
  const joined = joinHeads(heads);
  const own = [...joined.state.keys()].filter((key) => key.startsWith("head"));
  expect(own).toEqual([`head0.${mean}`, `head1.${mean}`]);
  expect(joined.network.nodes.filter(({ op }) => op === "Conv")).toHaveLength(1 + 2 * 9);
  const images = patternImages("images", { count: 20, size: 32 });
  for (const { name, state } of heads) {
    const alone = await evaluate({ network, state }, images, { runtime, threads: 1 });
    const { accuracy, loss } = await evaluate(joined, images, { runtime, threads: 1, head: name });
    expect(accuracy).toBe(alone.accuracy);
    // The runtime folds normalisation into a convolution that no other head reads.
    expect(loss).toBeCloseTo(alone.loss, 6);
  }
});

test("networks that take different images are refused", () => {
  const heads = ["mlp:layers=64-3", "mlp:layers=16-3"].map((name) => {
    const network = networkOf(name);
    return { name, network, state: createInitialState(network, { seed: 0 }) };
  });
  expect(() => joinHeads(heads)).toThrow(
    "mlp:layers=16-3 takes [n, 1, 4, 4], mlp:layers=64-3 [n, 1, 8, 8]: they cannot share an input.",
  );
});
