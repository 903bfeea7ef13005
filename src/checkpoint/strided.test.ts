import fc from "fast-check";
import { expect, test } from "vitest";
import { elementCount } from "../tensor/shape.js";
import { MAX_RUN_BYTES, type StridedRange, scatterRun, stridedRuns } from "./strided.js";

/** The definition: element by element. */
function gathered(storage: Uint8Array, { shape, strides, bytesPerElement, start, end }: StridedRange): Uint8Array {
  const target = new Uint8Array((end - start) * bytesPerElement);
  for (let index = start; index < end; index++) {
    let rest = index;
    let from = 0;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += (rest % shape[axis]) * strides[axis];
      rest = Math.floor(rest / shape[axis]);
    }
    const bytes = storage.subarray(from * bytesPerElement, (from + 1) * bytesPerElement);
    target.set(bytes, (index - start) * bytesPerElement);
  }
  return target;
}

function readRuns(storage: Uint8Array, range: StridedRange): { bytes: Uint8Array; runs: number } {
  const bytes = new Uint8Array((range.end - range.start) * range.bytesPerElement);
  let runs = 0;
  for (const run of stridedRuns(range)) {
    expect(run.length).toBeLessThanOrEqual(MAX_RUN_BYTES);
    expect(run.sourceOffset + run.length).toBeLessThanOrEqual(storage.length);
    scatterRun(run, storage.slice(run.sourceOffset, run.sourceOffset + run.length), bytes);
    runs++;
  }
  return { bytes, runs };
}

const storageOf = (bytes: number) => Uint8Array.from({ length: bytes }, (_, i) => (i * 7 + (i >> 8)) & 0xff);

test("any range of any strides gives the elements of the definition", () => {
  const axis = fc.record({ size: fc.integer({ min: 1, max: 5 }), stride: fc.integer({ min: 0, max: 9 }) });
  const property = fc.property(
    fc.array(axis, { maxLength: 4 }),
    fc.constantFrom(1, 2, 4, 8, 16),
    fc.nat(700),
    fc.nat(700),
    (axes, bytesPerElement, a, b) => {
      const shape = axes.map(({ size }) => size);
      const strides = axes.map(({ stride }) => stride);
      const count = elementCount(shape);
      const [start, end] = [a % (count + 1), b % (count + 1)].sort((x, y) => x - y);
      const span = 1 + axes.reduce((sum, { size, stride }) => sum + (size - 1) * stride, 0);
      const range = { shape, strides, bytesPerElement, start, end };
      const storage = storageOf(span * bytesPerElement);
      expect(readRuns(storage, range).bytes).toEqual(gathered(storage, range));
    },
  );
  fc.assert(property, { numRuns: 300 });
});

test("what lies together is read at once", () => {
  const range = { shape: [8, 4, 16], strides: [64, 16, 1], bytesPerElement: 4, start: 3, end: 500 };
  expect(readRuns(storageOf(2048), range).runs).toBe(1);
});

test("rows of a wider matrix are read with their gaps while those are small", () => {
  const range = { shape: [100, 10], strides: [16, 1], bytesPerElement: 4, start: 0, end: 1000 };
  expect(readRuns(storageOf(100 * 64), range).runs).toBe(1);
});

test("a transposed matrix larger than one read takes a bounded number of them", () => {
  const [rows, columns] = [700, 600];
  const range = {
    shape: [rows, columns],
    strides: [1, rows],
    bytesPerElement: 4,
    start: 1234,
    end: rows * columns - 99,
  };
  const storage = storageOf(rows * columns * 4);
  const { bytes, runs } = readRuns(storage, range);
  expect(Buffer.compare(bytes, gathered(storage, range))).toBe(0);
  expect(runs).toBeLessThan(100);
});

test("a repeated element is read once", () => {
  const range = { shape: [1000, 1000], strides: [0, 0], bytesPerElement: 2, start: 0, end: 1_000_000 };
  expect(readRuns(storageOf(2), range).runs).toBe(1);
});

test("an empty range reads nothing", () => {
  const range = { shape: [3, 0], strides: [1, 1], bytesPerElement: 2, start: 0, end: 0 };
  expect(readRuns(storageOf(2), range).runs).toBe(0);
});
