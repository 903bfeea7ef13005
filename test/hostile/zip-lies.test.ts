import { deflateSync, zipSync } from "fflate";
import { expect, test } from "vitest";
import { bytesSource } from "../../src/checkpoint/byte-source.js";
import { openCheckpoint } from "../../src/checkpoint/open-checkpoint.js";
import { binary, pickle, pickled, torchZip } from "../support/torch-files.js";

const open = (bytes: Uint8Array, name = "lie.pth") => openCheckpoint(bytesSource(name, bytes));

const body = pickle(pickled.dict([["w", pickled.tensor({ elements: 4, shape: [4], strides: [1] })]]));
const honest = torchZip(body, { 0: new Uint8Array(16) });

/** Position of the n-th record with a signature. */
function recordAt(bytes: Uint8Array, signature: string, index: number): number {
  let at = -1;
  for (let i = 0; i <= index; i++) at = Buffer.from(bytes).indexOf(binary(signature), at + 1);
  return at;
}

const LOCAL = "PK\x03\x04";
const CENTRAL = "PK\x01\x02";
const END = "PK\x05\x06";
/** The records stand in the order pickle, byte order, storage. */
const STORAGE = 2;

function changed(change: (view: DataView, bytes: Uint8Array) => void): Uint8Array {
  const bytes = honest.slice();
  change(new DataView(bytes.buffer), bytes);
  return bytes;
}

test("the file the lies are made from opens", async () => {
  expect((await open(honest)).entries.size).toBe(1);
});

const central = recordAt(honest, CENTRAL, STORAGE);
const local = recordAt(honest, LOCAL, STORAGE);
const end = recordAt(honest, END, 0);

test.each<[string, (view: DataView, bytes: Uint8Array) => void, RegExp]>([
  [
    "a size past the file",
    (v) => [20, 24].map((at) => v.setUint32(central + at, 2 ** 30, true)),
    /reaches past the data/,
  ],
  ["a size unlike the stored one", (v) => v.setUint32(central + 24, 1000, true), /claims 1000 bytes, stored in 16/],
  ["a header past the file", (v) => v.setUint32(central + 42, 2 ** 31, true), /reaches past the data/],
  ["a header that is none", (v) => v.setUint32(central + 42, 1, true), /does not begin with a local header/],
  ["the header of another entry", (v) => v.setUint32(central + 42, 0, true), /another name in its local header/],
  ["another size in its local header", (v) => v.setUint32(local + 22, 15, true), /another size in its local header/],
  ["a long extra field", (v) => v.setUint16(local + 28, 60_000, true), /reaches past the data/],
  ["64-bit sizes that are not there", (v) => v.setUint32(central + 24, 0xffffffff, true), /lacks a 64-bit size/],
  ["encryption", (v) => v.setUint16(central + 8, 1, true), /is encrypted/],
  ["an unknown compression", (v) => v.setUint16(central + 10, 12, true), /compressed by method 12/],
  ["a million entries", (v) => v.setUint16(end + 10, 60_000, true), /cannot hold the 60000 entries/],
  ["fewer entries than it has", (v) => v.setUint16(end + 10, 1, true), /bytes too many/],
  ["a directory past the file", (v) => v.setUint32(end + 16, 2 ** 31, true), /outside the file/],
  ["a directory of 4 GiB", (v) => v.setUint32(end + 12, 0xfffffff0, true), /outside the file/],
  ["a directory elsewhere", (v) => v.setUint32(end + 16, 0, true), /damaged|bytes too many/],
  ["no directory", (v) => v.setUint32(end, 0, true), /no zip directory at its end/],
])("a zip file with %s is refused", async (_, change, message) => {
  await expect(open(changed(change))).rejects.toThrow(message);
});

test("a zip file with a name twice is refused", async () => {
  const file = torchZip(body, { 0: new Uint8Array(16), 1: new Uint8Array(16) });
  file.set(binary("a/data/0"), recordAt(file, CENTRAL, 3) + 46);
  await expect(open(file)).rejects.toThrow('holds "a/data/0" twice');
});

test("an entry that inflates to more than it claims is stopped", async () => {
  const bomb = zipSync(
    { "a/data.pkl": binary(body), "a/data/0": [new Uint8Array(2 ** 24), { level: 9 }] },
    { level: 0 },
  );
  const view = new DataView(bomb.buffer);
  const record = recordAt(bomb, CENTRAL, 1);
  view.setUint32(record + 24, 16, true);
  view.setUint32(recordAt(bomb, LOCAL, 1) + 22, 16, true);
  await expect(open(bomb)).rejects.toThrow(/inflates to more than it claims/);
});

test("an entry that claims more than deflate can do is refused before anything is reserved", async () => {
  const small = zipSync({ "a/data.pkl": binary(body), "a/data/0": [new Uint8Array(16), { level: 9 }] }, { level: 0 });
  new DataView(small.buffer).setUint32(recordAt(small, CENTRAL, 1) + 24, 2 ** 31, true);
  await expect(open(small)).rejects.toThrow(/claims 2147483648 bytes, stored in/);
});

test("compressed bytes that are damaged are refused", async () => {
  const packed = zipSync(
    { "a/data.pkl": binary(body), "a/data/0": [new Uint8Array(16).fill(7), { level: 9 }] },
    { level: 0 },
  );
  const stream = Buffer.from(packed).indexOf(deflateSync(new Uint8Array(16).fill(7), { level: 9 }));
  for (let bit = 0; bit < 16; bit++) {
    const damaged = packed.slice();
    damaged[stream + (bit >> 3)] ^= 1 << (bit & 7);
    await expect(open(damaged)).rejects.toMatchObject({ code: "bad-file" });
  }
});

test("a zip file without a pickle is no checkpoint", async () => {
  await expect(open(zipSync({ "word/document.xml": binary("<xml/>") }))).rejects.toThrow(/without data.pkl/);
});

test("big-endian numbers are refused with a way out", async () => {
  const file = zipSync({ "a/data.pkl": binary(body), "a/byteorder": binary("big") }, { level: 0 });
  await expect(open(file)).rejects.toMatchObject({ code: "unsupported" });
});

test("an .npz array with a lying header is refused", async () => {
  const npy = (text: string, bytes: number) => {
    const header = binary(`\x93NUMPY\x01\x00${String.fromCharCode(text.length, 0)}${text}`);
    return Uint8Array.from([...header, ...new Uint8Array(bytes)]);
  };
  for (const [shape, bytes] of [
    ["(4,)", 15],
    ["(4,)", 17],
    ["(99999999999999, 99999999999999)", 16],
    ["(0, 99999999999999)", 1],
  ] as const) {
    const text = `{'descr': '<f4', 'fortran_order': True, 'shape': ${shape}, }`;
    await expect(open(zipSync({ "w.npy": npy(text, bytes) }), "lie.npz")).rejects.toMatchObject({ code: "bad-file" });
  }
  await expect(open(zipSync({ "w.npy": binary("\x93NUMPY\x01") }), "lie.npz")).rejects.toThrow(/not a NumPy array/);
});
