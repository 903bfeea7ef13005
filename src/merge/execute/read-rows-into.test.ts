import { expect, test } from "vitest";
import { createRandom } from "../../core/random.js";
import type { FloatDType } from "../../tensor/dtype.js";
import { dtypeBytes } from "../../tensor/dtype.js";
import { createTensor, tensorNumbers } from "../../tensor/tensor.js";
import type { RowPart, RowRun } from "../row-run.js";
import { readRowsInto } from "./read-rows-into.js";

const STORED: readonly FloatDType[] = ["f32", "bf16"];
const ROWS = 40;

/** A table of every dtype as one source each, and how its numbers are read. */
function tables(width: number) {
  const random = createRandom(3, "rows", String(width));
  // Eighths are exact in both dtypes, as are sums of a few halves of them.
  const made = STORED.map((dtype) =>
    createTensor(
      dtype,
      [ROWS, width],
      Array.from({ length: ROWS * width }, () => (random.integer(64) - 32) / 8),
    ),
  );
  const io = {
    readInto: (source: number, offset: number, target: Uint8Array) =>
      target.set(made[source].bytes.subarray(offset, offset + target.byteLength)),
  };
  const part = (source: number, row: number, weight = 1): RowPart => ({
    source,
    offset: row * width * dtypeBytes(STORED[source]),
    dtype: STORED[source],
    weight,
  });
  const numbers = made.map(tensorNumbers);
  const rowOf = (source: number, row: number): Float64Array => numbers[source].subarray(row * width, (row + 1) * width);
  return { io, part, rowOf };
}

test.each([1, 7, 20_000])(
  "rows of %i elements come from where their runs say, from any element to any other",
  async (width) => {
    const { io, part, rowOf } = tables(width);
    const runs: RowRun[] = [
      { first: 0, rows: 3, parts: [part(0, 5)] },
      { first: 3, rows: 1, parts: [] },
      { first: 4, rows: 2, parts: [part(1, 9)] },
      { first: 6, rows: 1, parts: [part(0, 1, 0.5), part(1, 2, 0.5)] },
      { first: 7, rows: 2, parts: [part(0, 0, 2)] },
    ];
    const zeros = new Float64Array(width);
    const mean = rowOf(0, 1).map((value, i) => (value + rowOf(1, 2)[i]) / 2);
    const twice = [0, 1].map((row) => rowOf(0, row).map((value) => 2 * value));
    const rows = [...[5, 6, 7].map((row) => rowOf(0, row)), zeros, rowOf(1, 9), rowOf(1, 10), mean, ...twice];
    const expected = Float32Array.from(rows.flatMap((row) => [...row]));
    const input = { source: 0, offset: 0, dtype: "f32", shape: [9, width], rows: runs } as const;
    const random = createRandom(4, "ranges");
    for (let round = 0; round < 50; round++) {
      const [start, end] = [random.integer(9 * width), random.integer(9 * width) + 1].toSorted((a, b) => a - b);
      const target = new Uint8Array((end - start) * 4).fill(255);
      await readRowsInto(io, input, { start, end, target });
      expect(Buffer.compare(target, new Uint8Array(expected.slice(start, end).buffer))).toBe(0);
    }
  },
);
