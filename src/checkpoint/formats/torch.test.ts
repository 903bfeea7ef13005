import { expect, test } from "vitest";
import { assembleOutput } from "../../../test/support/assemble-output.js";
import { sampleStateDict } from "../../../test/support/sample-state-dict.js";
import { hasSharedCheckpoints, sharedCheckpoint } from "../../../test/support/shared-files.js";
import { openFileSource } from "../../node/file-source.js";
import { tensorNumbers } from "../../tensor/tensor.js";
import { type ByteSource, bytesSource } from "../byte-source.js";
import { closeCheckpoint } from "../checkpoint.js";
import type { OutputLayout, OutputTensor } from "../layout.js";
import { openCheckpoint } from "../open-checkpoint.js";
import { readTensor } from "../read-tensor.js";
import { layoutTorch } from "../torch/layout.js";

const openShared = async (name: string) => openCheckpoint(await openFileSource(sharedCheckpoint(name)));

const OTHER_CLOTHES = [
  "mnist-legacy.pth",
  "mnist-training-checkpoint.pt",
  "mnist-whole-module.pth",
  "mnist.safetensors",
];

test.skipIf(!hasSharedCheckpoints).each(OTHER_CLOTHES)("%s holds the same state dict as mnist.pth", async (name) => {
  const [plain, other] = await Promise.all([openShared("mnist.pth"), openShared(name)]);
  expect([...other.entries.keys()].sort()).toEqual([...plain.entries.keys()].sort());
  if (other.format === "torch") expect([...other.entries.keys()]).toEqual([...plain.entries.keys()]);
  for (const key of plain.entries.keys()) {
    const [expected, actual] = await Promise.all([readTensor(plain, key), readTensor(other, key)]);
    expect({ ...actual, bytes: undefined }).toEqual({ ...expected, bytes: undefined });
    expect(Buffer.compare(actual.bytes, expected.bytes)).toBe(0);
  }
  await Promise.all([closeCheckpoint(plain), closeCheckpoint(other)]);
});

test.skipIf(!hasSharedCheckpoints)("a whole module says which keys are buffers", async () => {
  const checkpoint = await openShared("mnist-whole-module.pth");
  expect(checkpoint.entries.get("block_1.1.weight")?.kind).toBe("parameter");
  expect(checkpoint.entries.get("block_1.1.running_mean")?.kind).toBe("buffer");
  await closeCheckpoint(checkpoint);
});

test.skipIf(!hasSharedCheckpoints)("views of every kind give the numbers that PyTorch shows", async () => {
  const checkpoint = await openShared("odd-tensors.pth");
  const numbers = async (key: string) => [...tensorNumbers(await readTensor(checkpoint, key))];
  expect(await numbers("transposed")).toEqual([
    0, 6, 12, 18, 1, 7, 13, 19, 2, 8, 14, 20, 3, 9, 15, 21, 4, 10, 16, 22, 5, 11, 17, 23,
  ]);
  expect(await numbers("slice")).toEqual([8, 9, 10, 14, 15, 16]);
  expect(await numbers("expanded")).toEqual([1, 2, 1, 2, 1, 2]);
  expect(await numbers("scalar")).toEqual([2.5]);
  expect(await numbers("empty")).toEqual([]);
  expect(checkpoint.entries.get("tied.a")?.tie).toBeDefined();
  expect(checkpoint.entries.get("tied.a")?.tie).toBe(checkpoint.entries.get("tied.b")?.tie);
  expect(checkpoint.entries.get("transposed")?.tie).toBeUndefined();
  await closeCheckpoint(checkpoint);
});

test("what is written is read back bit for bit, keys in order, with versions and metadata", async () => {
  const tensors = sampleStateDict();
  const outputs = [...tensors].map(([key, { dtype, shape }]): OutputTensor => ({ key, dtype, shape }));
  const moduleVersions = new Map([
    ["", 1],
    ["norm", 2],
  ]);
  const layout = layoutTorch(outputs, { fileName: "m.pth", moduleVersions, metadata: { note: "é" } });
  const checkpoint = await openCheckpoint(bytesSource("m.pth", assembleOutput(layout, tensors).get("m.pth")!));
  expect([...checkpoint.entries.keys()]).toEqual([...tensors.keys()]);
  for (const [key, tensor] of tensors) expect(await readTensor(checkpoint, key)).toEqual(tensor);
  expect(checkpoint.moduleVersions).toEqual(moduleVersions);
  expect(checkpoint.metadata).toEqual({ note: "é" });
});

test("tied tensors are stored once and come back tied", async () => {
  const tensor = sampleStateDict().get("cpu")!;
  const { dtype, shape } = tensor;
  const outputs = ["a", "b", "c"].map((key) => ({ key, dtype, shape, tie: key === "c" ? undefined : "x" }));
  const layout = layoutTorch(outputs, { fileName: "m.pth" });
  expect(layout.placements.get("a")).toEqual(layout.placements.get("b"));
  const tensors = new Map(outputs.map(({ key }) => [key, tensor]));
  const { entries } = await openCheckpoint(bytesSource("m.pth", assembleOutput(layout, tensors).get("m.pth")!));
  expect(entries.get("a")?.tie).toBeDefined();
  expect(entries.get("b")?.tie).toBe(entries.get("a")?.tie);
  expect(entries.get("c")?.tie).toBeUndefined();
});

/** A file of which only the headers exist; the rest reads as zeros. */
function hollowSource({ files: [file] }: OutputLayout): ByteSource {
  return {
    name: file.name,
    size: file.size,
    read: async (offset, length) => {
      const bytes = new Uint8Array(length);
      for (const { position, bytes: segment } of file.segments) {
        const from = Math.max(offset, position);
        const to = Math.min(offset + length, position + segment.length);
        if (from < to) bytes.set(segment.subarray(from - position, to - position), from - offset);
      }
      return bytes;
    },
  };
}

test.each([
  ["a tensor beyond 4 GiB", [2 ** 31, 3, 5]],
  ["a place beyond 4 GiB", [2 ** 31, 2 ** 31, 2 ** 31, 7]],
])("%s is written with 64-bit zip records", async (_, lengths) => {
  const outputs = lengths.map((length, i): OutputTensor => ({ key: `t${i}`, dtype: "bf16", shape: [length] }));
  const layout = layoutTorch(outputs, { fileName: "m.pth" });
  const { entries } = await openCheckpoint(hollowSource(layout));
  expect(entries.size).toBe(lengths.length);
  for (const [key, { offset }] of entries) expect(offset).toBe(layout.placements.get(key)?.position);
});
