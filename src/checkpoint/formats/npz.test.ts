import { expect, test } from "vitest";
import { assembleOutput } from "../../../test/support/assemble-output.js";
import { sampleStateDict } from "../../../test/support/sample-state-dict.js";
import { bytesSource } from "../byte-source.js";
import { layoutNpz } from "../npz/layout.js";
import { parseNpyHeader } from "../npz/npy-header.js";
import { openCheckpoint } from "../open-checkpoint.js";
import { readTensor } from "../read-tensor.js";

test("what is written is read back bit for bit", async () => {
  const tensors = sampleStateDict(["bf16", "f8_e4m3", "f8_e5m2"]);
  const outputs = [...tensors].map(([key, { dtype, shape }]) => ({ key, dtype, shape }));
  const layout = layoutNpz(outputs, { fileName: "m.npz" });
  const checkpoint = await openCheckpoint(bytesSource("m.npz", assembleOutput(layout, tensors).get("m.npz")!));
  expect([...checkpoint.entries.keys()]).toEqual([...tensors.keys()]);
  for (const [key, tensor] of tensors) expect(await readTensor(checkpoint, key)).toEqual(tensor);
});

test("an archive of no arrays is an empty checkpoint", async () => {
  const layout = layoutNpz([], { fileName: "m.npz" });
  const checkpoint = await openCheckpoint(bytesSource("m.npz", assembleOutput(layout, new Map()).get("m.npz")!));
  expect(checkpoint.entries.size).toBe(0);
});

test("a dtype that NumPy does not have is named", () => {
  const outputs = [{ key: "z", dtype: "bf16", shape: [1] }] as const;
  expect(() => layoutNpz(outputs, { fileName: "m.npz" })).toThrow(/NumPy cannot store "z" as bf16/);
});

const header = (text: string) => Uint8Array.from(`\x93NUMPY\x01\x00\x00\x00${text}`, (c) => c.charCodeAt(0));

test.each([
  ["{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }", "unsupported"],
  ["{'descr': '<f4', 'fortran_order': False}", "bad-file"],
  ["{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'x': 1}", "bad-file"],
  ["{'descr': '<f4', 'fortran_order': False, 'shape': (2,,3)}", "bad-file"],
  ["{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "bad-file"],
  ["__import__('os').system('true')", "bad-file"],
])("the header %s is refused", (text, code) => {
  expect(() => parseNpyHeader(header(text), "a")).toThrow(expect.objectContaining({ code }));
});

test("arrays that are not numbers have no dtype", () => {
  for (const descr of ["'|O'", "'<U3'", "[('a', '<f4')]"]) {
    const text = `{'descr': ${descr}, 'fortran_order': False, 'shape': (2,), }`;
    expect(parseNpyHeader(header(text), "a").dtype).toBeUndefined();
  }
});
