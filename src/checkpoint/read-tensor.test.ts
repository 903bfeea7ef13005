import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { fixtureCheckpoint } from "../../test/support/fixture-files.js";
import { dtypeBytes } from "../tensor/dtype.js";
import { elementCount } from "../tensor/shape.js";
import { bytesSource } from "./byte-source.js";
import type { Checkpoint, TensorEntry } from "./checkpoint.js";
import { openCheckpoint } from "./open-checkpoint.js";
import { readElements, readTensor } from "./read-tensor.js";

const openOdd = () =>
  openCheckpoint(bytesSource("odd.pth", new Uint8Array(readFileSync(fixtureCheckpoint("odd.pth")))));

test("any stretch of elements is that stretch of the whole tensor", async () => {
  const checkpoint = await openOdd();
  for (const [key, entry] of checkpoint.entries) {
    const { bytes } = await readTensor(checkpoint, key);
    const size = dtypeBytes(entry.dtype);
    const count = elementCount(entry.shape);
    for (let start = 0; start <= count; start++) {
      for (let end = start; end <= count; end++) {
        const part = await readElements(checkpoint, entry, { start, end });
        expect(Buffer.compare(part, bytes.subarray(start * size, end * size))).toBe(0);
      }
    }
  }
});

test("a key that is not there is answered with the nearest one", async () => {
  await expect(readTensor(await openOdd(), "transposd")).rejects.toMatchObject({
    code: "unknown-name",
    hint: expect.stringMatching(/^Did you mean "transposed"\?/),
  });
});

test("a tensor too large for one array is refused before anything is reserved", async () => {
  const entry: TensorEntry = { key: "w", dtype: "f32", shape: [2 ** 31], source: 0, offset: 0, strides: [0] };
  const checkpoint: Checkpoint = {
    name: "a",
    format: "torch",
    sources: [bytesSource("a", new Uint8Array(4))],
    entries: new Map([["w", entry]]),
    metadata: {},
    notes: [],
  };
  await expect(readTensor(checkpoint, "w")).rejects.toMatchObject({ code: "limit" });
  expect(await readElements(checkpoint, entry, { start: 5, end: 7 })).toEqual(new Uint8Array(8));
});
