import { expect, test } from "vitest";
import { tensorNumbers } from "../../tensor/tensor.js";
import { bytesSource, type SourceFolder } from "../byte-source.js";
import { openCheckpoint } from "../open-checkpoint.js";
import { readTensor } from "../read-tensor.js";

const varint = (value: number): number[] =>
  value < 0x80 ? [value] : [(value % 0x80) | 0x80, ...varint(Math.floor(value / 0x80))];
const number = (field: number, value: number): number[] => [field * 8, ...varint(value)];
const bytes = (field: number, content: readonly number[]): number[] => [
  ...varint(field * 8 + 2),
  ...varint(content.length),
  ...content,
];
const text = (field: number, value: string): number[] => bytes(field, [...new TextEncoder().encode(value)]);
const pair = (key: string, value: string): number[] => bytes(13, [...text(1, key), ...text(2, value)]);

/** A model with the given initialisers. */
const model = (...tensors: readonly (readonly number[])[]): Uint8Array =>
  Uint8Array.from([
    ...number(1, 9),
    ...text(2, "test"),
    ...bytes(
      7,
      tensors.flatMap((tensor) => bytes(5, tensor)),
    ),
  ]);

const open = (file: Uint8Array, folder?: SourceFolder) => openCheckpoint(bytesSource("m.onnx", file), { folder });

const F32 = 1;
const raw = (dims: readonly number[], length: number, name = "w", dtype = F32): number[] => [
  ...dims.flatMap((size) => number(1, size)),
  ...number(2, dtype),
  ...text(8, name),
  ...bytes(9, new Array(length).fill(0)),
];

test("numbers of typed fields are decoded, in one piece or several", async () => {
  const integers = [
    ...number(1, 4),
    ...number(2, 7),
    ...text(8, "i"),
    ...bytes(7, [1, ...varint(300)]),
    ...number(7, 2),
  ];
  const negative = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
  const checkpoint = await open(model([...integers, ...bytes(7, negative)]));
  expect([...tensorNumbers(await readTensor(checkpoint, "i"))]).toEqual([1, 300, 2, -1]);
});

test.each([
  ["fewer bytes than its shape takes", raw([2, 2], 12), /has 12 bytes; its shape \[2, 2\] takes 16/],
  ["a shape beyond any file", raw([2 ** 40, 2 ** 40], 4), /which cannot be/],
  ["more axes than any array", raw(new Array(80).fill(1), 4), /which cannot be/],
  ["a dtype of 4 bits", raw([2], 1, "w", 22), /has ONNX dtype 22/],
  ["segments", [...raw([1], 4), ...bytes(3, [8, 0])], /in segments/],
  [
    "a varint without end",
    [...number(1, 1), ...number(2, 7), ...text(8, "w"), ...bytes(7, [0x80])],
    /malformed number/,
  ],
])("an initialiser with %s is refused", async (_, tensor, message) => {
  await expect(open(model(tensor))).rejects.toThrow(message);
});

test("an initialiser given twice is refused", async () => {
  await expect(open(model(raw([1], 4), raw([1], 4)))).rejects.toThrow(/"w" is there twice/);
});

test("a field that reaches past its message is refused", async () => {
  const file = model(raw([1], 4));
  await expect(open(file.subarray(0, file.length - 1))).rejects.toThrow(/reaches past its end/);
});

const external = (...pairs: readonly number[][]) => [
  ...number(1, 2),
  ...number(2, F32),
  ...text(8, "w"),
  ...pairs.flat(),
  ...number(14, 1),
];
const folder: SourceFolder = {
  open: async (name) => bytesSource(name, Uint8Array.of(0, 0, 0, 0, 0, 0, 128, 63, 0, 0, 0, 64)),
};

test("numbers in another file are read from there", async () => {
  const tensor = external(pair("location", "w.bin"), pair("offset", "4"), pair("length", "8"));
  expect([...tensorNumbers(await readTensor(await open(model(tensor), folder), "w"))]).toEqual([1, 2]);
});

test.each([
  ["beyond it", [pair("location", "w.bin"), pair("offset", "8"), pair("length", "8")], /outside of "w.bin"/],
  ["before it", [pair("location", "w.bin"), pair("offset", "-8"), pair("length", "8")], /outside of "w.bin"/],
  ["at no number", [pair("location", "w.bin"), pair("offset", "x")], /outside of "w.bin"/],
  ["of another length", [pair("location", "w.bin"), pair("length", "4")], /has 4 bytes; its shape \[2\] takes 8/],
])("numbers that lie in another file %s are refused", async (_, pairs, message) => {
  await expect(open(model(external(...pairs)), folder)).rejects.toThrow(message);
});

test("numbers in another file need the folder", async () => {
  await expect(open(model(external(pair("location", "w.bin"))))).rejects.toMatchObject({ code: "missing-data" });
});
