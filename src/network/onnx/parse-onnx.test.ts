import { readFileSync } from "node:fs";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { type ModelProto, ModelProtoSchema, NodeProtoSchema, OperatorSetIdProtoSchema } from "onnx-buf";
import { describe, expect, test } from "vitest";
import { OnebasinError } from "../../core/errors.js";
import { createRandom } from "../../core/random.js";
import { onnxRuntime } from "../../node/onnx-runtime.js";
import { createTensor, tensorNumbers } from "../../tensor/tensor.js";
import { createInference } from "../inference.js";
import { createInitialState } from "../initial-state.js";
import { parseArchitecture } from "../parse-architecture.js";
import { parseOnnx } from "./parse-onnx.js";
import { serializeOnnx } from "./serialize-onnx.js";

const fixture = (name: string): Buffer => readFileSync(new URL(`../../../test/fixtures/${name}`, import.meta.url));
const bytes = new Uint8Array(fixture("small.onnx"));
const source = "small.onnx";

const images = createTensor(
  "f32",
  [2, 1, 8, 8],
  Array.from({ length: 128 }, (_, i) => i / 64 - 1),
);

test("a model that PyTorch exported computes what PyTorch does", async () => {
  const golden = JSON.parse(fixture("small-onnx.json").toString());
  const { network, state } = parseOnnx(bytes, { source });
  expect(network.inputs).toEqual([{ name: "image", dtype: "f32", shape: ["n", 1, 8, 8] }]);
  const kinds = [...network.state].map(([key, { kind }]) => `${kind} ${key}`).sort();
  expect(kinds).toEqual([
    "buffer bn.running_mean",
    "buffer bn.running_var",
    "parameter bn.bias",
    "parameter bn.weight",
    "parameter conv.bias",
    "parameter conv.weight",
    "parameter fc.bias",
    "parameter fc.weight",
  ]);
  const inference = await createInference(network, state, { runtime: onnxRuntime, threads: 1 });
  const { logits } = await inference.run(images);
  await inference.close();
  const expected: number[] = golden.logits.flat();
  for (const [i, value] of tensorNumbers(logits).entries()) expect(value).toBeCloseTo(expected[i], 5);
});

test("what is written is read back the same", () => {
  const { network } = parseArchitecture("resnet20:width=0.25");
  const state = createInitialState(network, { seed: 1 });
  const written = serializeOnnx(network, { state });
  const read = parseOnnx(written, { source: "resnet20.onnx" });
  expect(serializeOnnx(read.network, read)).toEqual(written);
  expect(read.network.nodes.map(({ op, inputs }) => [op, inputs])).toEqual(
    network.nodes.map(({ op, inputs }) => [op, inputs]),
  );
  for (const [key, { kind, shape }] of read.network.state) {
    expect({ key, kind, shape }).toEqual({ key, kind: network.state.get(key)!.kind, shape: state.get(key)!.shape });
    expect(read.state.get(key)).toEqual(state.get(key));
  }
  const counters = [...network.state.keys()].filter((key) => key.endsWith("num_batches_tracked"));
  expect(read.state.size).toBe(state.size - counters.length);
});

function changed(change: (model: ModelProto) => void): Uint8Array {
  const model = fromBinary(ModelProtoSchema, bytes);
  change(model);
  return toBinary(ModelProtoSchema, model);
}

describe("a file that cannot be used is one clear error", () => {
  const cases: Record<string, readonly [Uint8Array, string, string]> = {
    "an operator that onebasin lacks": [
      changed((model) => {
        model.graph!.node[2].opType = "Selu";
      }),
      "unsupported",
      'Node "/Relu" uses the operator Selu, which onebasin does not have.',
    ],
    "an operator of another domain": [
      changed((model) => {
        model.graph!.node[2].domain = "com.example";
      }),
      "unsupported",
      'Node "/Relu" uses the operator com.example.Relu, which onebasin does not have.',
    ],
    "an old operator set": [
      changed((model) => {
        model.opsetImport = [create(OperatorSetIdProtoSchema, { domain: "", version: 9n })];
      }),
      "unsupported",
      "small.onnx is written in operator set 9; onebasin reads 13 to 24.",
    ],
    text: [new TextEncoder().encode("not a model"), "bad-file", "small.onnx is not an ONNX model: "],
    nothing: [new Uint8Array(), "bad-file", "small.onnx is not an ONNX model: it holds no graph."],
    "a tensor that is cut short": [
      changed((model) => {
        const weight = model.graph!.initializer.find(({ name }) => name === "fc.weight")!;
        weight.rawData = weight.rawData.slice(0, 44);
      }),
      "bad-file",
      'small.onnx: tensor "fc.weight" [3, 4] holds 44 bytes; expected 48.',
    ],
    "a tensor with absurd sizes": [
      changed((model) => {
        model.graph!.initializer[0].dims = [2n ** 62n, 2n ** 62n];
      }),
      "bad-file",
      'small.onnx: tensor "conv.weight" has the impossible shape [4611686018427387904, 4611686018427387904].',
    ],
    "a node that reads what nothing makes": [
      changed((model) => {
        model.graph!.node.push(
          create(NodeProtoSchema, { opType: "Relu", name: "odd", input: ["ghost"], output: ["o"] }),
        );
      }),
      "bad-file",
      'small.onnx: Graph "main_graph": node "odd" (Relu) reads "ghost", which nothing before it makes.',
    ],
    "shapes that do not fit": [
      changed((model) => {
        model.graph!.node[0].attribute.find(({ name }) => name === "group")!.i = 3n;
      }),
      "bad-file",
      'small.onnx: Node "/conv/Conv" (Conv) cannot take shapes [2, 1, 8, 8], [4, 1, 3, 3], [4]: x [n, c, …], weight [o, c / 3, …kernel], bias [o] are expected.',
    ],
  };
  test.each(Object.entries(cases))("%s", (_, [file, code, message]) => {
    expect(() => parseOnnx(file, { source })).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});

test("a damaged file gives a network or an error of ours", () => {
  const random = createRandom(7, "damage");
  for (let round = 0; round < 300; round++) {
    const damaged = bytes.slice(0, round % 3 === 0 ? random.integer(bytes.length) : bytes.length);
    for (let flips = random.integer(4); flips > 0 && damaged.length > 0; flips--) {
      damaged[random.integer(damaged.length)] = random.integer(256);
    }
    try {
      parseOnnx(damaged, { source });
    } catch (error) {
      expect(error).toBeInstanceOf(OnebasinError);
    }
  }
});
