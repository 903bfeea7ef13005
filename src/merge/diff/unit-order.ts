import type { Checkpoint, TensorEntry } from "../../checkpoint/checkpoint.js";
import { readElements } from "../../checkpoint/read-tensor.js";
import { align, type Kernels, loadKernels } from "../../kernels/load-kernels.js";
import { tensorNumbers } from "../../tensor/tensor.js";

/** Rows compared of each tensor: each with each, so the cost grows with the square. */
const MAX_ROWS = 128;
/** Elements of a row that are looked at. */
const MAX_COLUMNS = 1024;
/** With fewer rows, chance alone makes rows look alike. */
const MIN_ROWS = 4;

export interface UnitOrder {
  /** Share of the compared rows whose most similar row in the other model is the row of the same number; 0 to 1. */
  readonly same: number;
  /** Mean over rows of the cosine to the most similar row of the other model. */
  readonly bestCosine: number;
  readonly rows: number;
}

interface Side {
  readonly checkpoint: Checkpoint;
  readonly entry: TensorEntry;
}

/**
 * Whether the units of a layer (the rows of its weight: output channels, or neurons) stand in the same order in
 * both models, by comparing rows with rows.
 *
 * @returns `undefined` for tensors without rows or with too few
 */
export async function unitOrder(a: Side, b: Side): Promise<UnitOrder | undefined> {
  const { shape } = a.entry;
  const rows = shape[0] ?? 0;
  const columns = shape.slice(1).reduce((product, size) => product * size, 1);
  // Rows of a single column have no direction; a sign is all that could be compared.
  if (shape.length < 2 || rows < MIN_ROWS || columns < 2) return undefined;
  const chosen = spread(rows, MAX_ROWS);
  const width = Math.min(columns, MAX_COLUMNS);
  const [first, second] = [await readRows(a, chosen, columns, width), await readRows(b, chosen, columns, width)];
  const cosines = await gram(first, second, width);
  let same = 0;
  let best = 0;
  for (let i = 0; i < chosen.length; i++) {
    const row = cosines.subarray(i * chosen.length, (i + 1) * chosen.length);
    const largest = row.reduce((max, value) => Math.max(max, value), -1);
    if (row[i] >= largest) same++;
    best += largest;
  }
  return { same: same / chosen.length, bestCosine: best / chosen.length, rows: chosen.length };
}

/** Up to `count` whole numbers below `size`, evenly spread. */
function spread(size: number, count: number): number[] {
  const taken = Math.min(size, count);
  return Array.from({ length: taken }, (_, i) => Math.floor((i * size) / taken));
}

/** The chosen rows, each scaled to length 1. */
async function readRows(
  { checkpoint, entry }: Side,
  rows: readonly number[],
  columns: number,
  width: number,
): Promise<Float64Array[]> {
  const read: Float64Array[] = [];
  for (const row of rows) {
    const bytes = await readElements(checkpoint, entry, { start: row * columns, end: row * columns + width });
    const values = tensorNumbers({ dtype: entry.dtype, shape: [width], bytes });
    const length = Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));
    read.push(length > 0 ? values.map((value) => value / length) : values);
  }
  return read;
}

let kernels: Promise<Kernels> | undefined;

/** Inner products of all rows of `a` with all rows of `b`. */
async function gram(a: readonly Float64Array[], b: readonly Float64Array[], width: number): Promise<Float32Array> {
  const stride = align(width * 4);
  kernels ??= loadKernels(2 * MAX_ROWS * align(MAX_COLUMNS * 4) + MAX_ROWS * MAX_ROWS * 4);
  const { memory, functions, heapBase } = await kernels;
  const addressOfB = heapBase + a.length * stride;
  const out = addressOfB + b.length * stride;
  for (const [i, row] of [...a, ...b].entries()) {
    const target = new Float32Array(memory.buffer, heapBase + i * stride, stride / 4);
    target.fill(0);
    target.set(row);
  }
  functions.gram_f32(out, heapBase, a.length, addressOfB, b.length, stride);
  return new Float32Array(memory.buffer, out, a.length * b.length).slice();
}
