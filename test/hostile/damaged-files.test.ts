import { readdirSync, readFileSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { type ByteSource, bytesSource, endOfSource, type SourceFolder } from "../../src/checkpoint/byte-source.js";
import { openCheckpoint } from "../../src/checkpoint/open-checkpoint.js";
import { readTensor } from "../../src/checkpoint/read-tensor.js";
import { OnebasinError } from "../../src/core/errors.js";
import { dtypeBytes } from "../../src/tensor/dtype.js";
import { elementCount } from "../../src/tensor/shape.js";
import { fixtureCheckpoint } from "../support/fixture-files.js";

const files = readdirSync(fixtureCheckpoint("."))
  .filter((name) => !/\.(json|data)$/.test(name))
  .map((name) => ({ name, bytes: new Uint8Array(readFileSync(fixtureCheckpoint(name))) }));

const folder: SourceFolder = {
  open: async (name) => bytesSource(name, new Uint8Array(readFileSync(fixtureCheckpoint("model.onnx.data")))),
};

/** A few damaged sizes make tensors legal and long, which takes time and proves nothing. */
const MAX_READ_BYTES = 2 ** 20;

/** A source that fails the test when more is asked for than there is: readers must check first. */
function strictSource(name: string, bytes: Uint8Array): ByteSource {
  return {
    name,
    size: bytes.length,
    read: async (offset, length) => {
      if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
        throw new Error(`asked for ${length} bytes at ${offset}`);
      }
      if (offset + length > bytes.length) throw endOfSource(name, bytes.length, offset, length);
      return bytes.slice(offset, offset + length);
    },
  };
}

/** Opens and reads everything; gives whether the file was accepted, and lets only errors of ours pass. */
async function accepts(name: string, bytes: Uint8Array): Promise<boolean> {
  try {
    const checkpoint = await openCheckpoint(strictSource(name, bytes), { folder, entry: entryOf(name) });
    for (const [key, { shape, dtype }] of checkpoint.entries) {
      const size = elementCount(shape) * dtypeBytes(dtype);
      if (size > MAX_READ_BYTES) continue;
      expect((await readTensor(checkpoint, key)).bytes.length).toBe(size);
    }
    return true;
  } catch (error) {
    if (error instanceof OnebasinError) return false;
    throw error;
  }
}

const entryOf = (name: string): string | undefined => (name === "two-models.pth" ? "model" : undefined);

test.each(files)("$name is accepted as it is", async ({ name, bytes }) => {
  expect(await accepts(name, bytes)).toBe(true);
});

/** Formats whose end is not marked: a shorter file may be a smaller one. */
const ENDS_ANYWHERE = /\.onnx$/;
/** Cuts tried per file: all of small files, evenly spread ones of larger. */
const CUTS = 400;

test.each(files)("$name cut short anywhere is refused", async ({ name, bytes }) => {
  const step = Math.max(1, Math.floor(bytes.length / CUTS));
  for (let length = 0; length < bytes.length; length += step) {
    const accepted = await accepts(name, bytes.subarray(0, length));
    if (!ENDS_ANYWHERE.test(name) && accepted) expect(length).toBe(bytes.length);
  }
});

test("bytes changed anywhere give a checkpoint or an error of ours", async () => {
  const change = fc.record({ at: fc.nat(), value: fc.oneof(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), fc.nat(255)) });
  const property = fc.asyncProperty(
    fc.constantFrom(...files),
    fc.array(change, { minLength: 1, maxLength: 4 }),
    async ({ name, bytes }, changes) => {
      const damaged = bytes.slice();
      for (const { at, value } of changes) damaged[at % damaged.length] = value;
      await accepts(name, damaged);
    },
  );
  await fc.assert(property, { numRuns: 1500 });
});

test("pieces of a file moved, repeated or left out give a checkpoint or an error of ours", async () => {
  const property = fc.asyncProperty(
    fc.constantFrom(...files),
    fc.nat(),
    fc.nat(),
    fc.nat({ max: 64 }),
    async ({ name, bytes }, from, to, length) => {
      const piece = bytes.subarray(from % bytes.length, (from % bytes.length) + length);
      const at = to % bytes.length;
      const inserted = Uint8Array.from([...bytes.subarray(0, at), ...piece, ...bytes.subarray(at)]);
      const removed = Uint8Array.from([...bytes.subarray(0, at), ...bytes.subarray(at + length)]);
      await accepts(name, inserted);
      await accepts(name, removed);
    },
  );
  await fc.assert(property, { numRuns: 300 });
});

test("any bytes under any name give an error of ours", async () => {
  const beginnings = ["", "PK\x03\x04", "\x80\x02", "\x08\x09\x12", "{", "\x10\0\0\0\0\0\0\0{", "c", "(", "\x93NUMPY"];
  const property = fc.asyncProperty(
    fc.constantFrom(...beginnings),
    fc.uint8Array({ maxLength: 200 }),
    fc.constantFrom("x.pth", "x.safetensors", "x.npz", "x.onnx", "x", "x.safetensors.index.json"),
    async (beginning, rest, name) => {
      const bytes = Uint8Array.from([...Buffer.from(beginning, "latin1"), ...rest]);
      await accepts(name, bytes);
    },
  );
  await fc.assert(property, { numRuns: 1500 });
});
