import { expect, test } from "vitest";
import { assembleOutput } from "../../../test/support/assemble-output.js";
import { hasSharedCheckpoints, sharedCheckpoint } from "../../../test/support/shared-files.js";
import { openFileSource } from "../../node/file-source.js";
import { createTensor, type StateDict } from "../../tensor/tensor.js";
import { bytesSource } from "../byte-source.js";
import { openCheckpoint } from "../open-checkpoint.js";
import { layoutSafetensors } from "../safetensors/layout.js";

/** A file with the given header text and number of data bytes. */
function fileOf(header: string, dataBytes = 0): Uint8Array {
  const text = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const open = (bytes: Uint8Array) => openCheckpoint(bytesSource("a.safetensors", bytes));

const tensorText = (dtype: string, shape: number[], begin: number, end: number) =>
  JSON.stringify({ dtype, shape, data_offsets: [begin, end] });

test("a file gives its keys in the order of the header", async () => {
  const header = `{"__metadata__":{"made":"by hand"},"b":${tensorText("F32", [2], 4, 12)},"1":${tensorText("I16", [2, 1], 0, 4)}}  `;
  const checkpoint = await open(fileOf(header, 12));
  expect([...checkpoint.entries.values()]).toEqual([
    { key: "b", dtype: "f32", shape: [2], source: 0, offset: 8 + header.length + 4 },
    { key: "1", dtype: "i16", shape: [2, 1], source: 0, offset: 8 + header.length },
  ]);
  expect(checkpoint.metadata).toEqual({ made: "by hand" });
});

test("scalars and empty tensors are tensors", async () => {
  const { entries } = await open(
    fileOf(`{"s":${tensorText("F32", [], 0, 4)},"e":${tensorText("F64", [3, 0], 4, 4)}}`, 4),
  );
  expect([...entries.values()].map(({ shape }) => shape)).toEqual([[], [3, 0]]);
});

test("a key named like an object's innards is only a key", async () => {
  const { entries } = await open(fileOf(`{"__proto__":${tensorText("U8", [1], 0, 1)}}`, 1));
  expect([...entries.keys()]).toEqual(["__proto__"]);
});

test.each([
  ["a hole", `{"a":${tensorText("U8", [1], 1, 2)}}`, 2, /1 bytes before tensor "a" belong to no tensor/],
  [
    "an overlap",
    `{"a":${tensorText("U8", [2], 0, 2)},"b":${tensorText("U8", [2], 1, 3)}}`,
    3,
    /"b" overlaps the one before it by 1/,
  ],
  ["bytes left over", `{"a":${tensorText("U8", [1], 0, 1)}}`, 3, /last 2 bytes belong to no tensor/],
  ["a cut file", `{"a":${tensorText("U8", [4], 0, 4)}}`, 2, /ends early/],
  ["a size that does not fit the shape", `{"a":${tensorText("F32", [2], 0, 4)}}`, 4, /shape \[2\].* takes 8/],
  ["an end before the begin", `{"a":${tensorText("U8", [0], 4, 0)}}`, 4, /spans bytes 4 to 0/],
  ["an unknown dtype", `{"a":${tensorText("F4", [2], 0, 1)}}`, 1, /"a" has dtype "F4"/],
  ["a shape that overflows", `{"a":${tensorText("U8", [2 ** 40, 2 ** 40], 0, 0)}}`, 0, /too large to be real/],
  ["a negative size", `{"a":${tensorText("U8", [-1], 0, 0)}}`, 0, /shape that is not a list of sizes/],
  ["a key given twice", `{"a":${tensorText("U8", [1], 0, 1)},"a":${tensorText("U8", [1], 0, 1)}}`, 1, /there twice/],
  ["metadata that is not text", `{"__metadata__":{"a":1}}`, 0, /__metadata__ does not map text to text/],
  ["a field left out", `{"a":{"dtype":"U8","shape":[1]}}`, 1, /has no data_offsets/],
  ["broken JSON", `{"a":}`, 0, /JSON value is missing/],
  ["a list as header", ` [ ]`, 0, /does not begin with "{"/],
])("%s is refused", async (_, header, dataBytes, message) => {
  await expect(open(fileOf(header, dataBytes))).rejects.toThrow(message);
});

test("a header length beyond the format's limit is refused before anything is read", async () => {
  const bytes = fileOf("{}");
  new DataView(bytes.buffer).setBigUint64(0, 3_000_000_000n, true);
  await expect(open(bytes)).rejects.toMatchObject({ code: "limit" });
});

test("all problems of a file are reported together", async () => {
  const header = `{"a":${tensorText("F32", [1], 0, 1)},"b":${tensorText("Q", [1], 1, 2)},"c":3}`;
  await expect(open(fileOf(header, 2))).rejects.toMatchObject({ problems: { length: 3 } });
});

const tensors: StateDict = new Map([
  ["2.weight", createTensor("bf16", [2, 2], [1, 2, 3, 4])],
  ["10", createTensor("f32", [], [5])],
  ["counter", createTensor("i64", [1], [7])],
  ["empty", createTensor("f16", [0, 4], [])],
  ["mask", createTensor("bool", [3], [1, 0, 1])],
]);
const outputs = [...tensors].map(([key, { dtype, shape }]) => ({ key, dtype, shape }));

test("what is written is read back, in the same order and every element aligned", async () => {
  const layout = layoutSafetensors(outputs, { fileName: "m.safetensors", metadata: { note: "é" } });
  const bytes = assembleOutput(layout, tensors).get("m.safetensors")!;
  const checkpoint = await open(bytes);
  expect(checkpoint.metadata).toEqual({ format: "pt", note: "é" });
  expect([...checkpoint.entries.keys()]).toEqual([...tensors.keys()]);
  for (const [key, { offset, dtype }] of checkpoint.entries) {
    const tensor = tensors.get(key)!;
    expect(dtype).toBe(tensor.dtype);
    expect(bytes.slice(offset, offset + tensor.bytes.length)).toEqual(tensor.bytes);
    if (tensor.bytes.length > 0) expect(offset % (tensor.bytes.length / Math.max(1, tensor.shape[0] ?? 1))).toBe(0);
  }
});

test("an output larger than the shard size becomes numbered shards and an index", () => {
  const layout = layoutSafetensors(outputs, { fileName: "m.safetensors", shardSize: 12 });
  const files = assembleOutput(layout, tensors);
  expect([...files.keys()]).toEqual([
    "m-00001-of-00002.safetensors",
    "m-00002-of-00002.safetensors",
    "m.safetensors.index.json",
  ]);
  expect(JSON.parse(new TextDecoder().decode(files.get("m.safetensors.index.json")))).toEqual({
    metadata: { total_size: 23 },
    weight_map: {
      "2.weight": "m-00001-of-00002.safetensors",
      "10": "m-00001-of-00002.safetensors",
      counter: "m-00002-of-00002.safetensors",
      empty: "m-00002-of-00002.safetensors",
      mask: "m-00002-of-00002.safetensors",
    },
  });
});

test("a dtype that safetensors does not have is named", () => {
  expect(() => layoutSafetensors([{ key: "z", dtype: "c128", shape: [1] }], { fileName: "m.safetensors" })).toThrow(
    /cannot store "z" as c128/,
  );
});

test.skipIf(!hasSharedCheckpoints)("a file written by safetensors opens", async () => {
  const source = await openFileSource(sharedCheckpoint("mnist.safetensors"));
  const { entries } = await openCheckpoint(source);
  expect(entries.get("classifier.6.weight")?.shape ?? [...entries.keys()]).toEqual([10, 512]);
  await source.close?.();
});
