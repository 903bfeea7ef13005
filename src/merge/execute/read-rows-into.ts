import { dtypeBytes, type FloatDType } from "../../tensor/dtype.js";
import { elementCount } from "../../tensor/shape.js";
import { createTensor, tensorNumbers } from "../../tensor/tensor.js";
import { type RowRun, runsWithin } from "../row-run.js";
import type { InputRef, JobIO } from "./job.js";

/** Elements that are summed at a time: bounds the memory of a sum. */
const PIECE = 16384;

/**
 * Fills `target` with elements [start, end) of a table whose rows come from several places. Rows of the table's own
 * dtype are read straight into it; sums are made in f64 and rounded once.
 */
export async function readRowsInto(
  io: Pick<JobIO, "readInto">,
  input: InputRef & { readonly rows: readonly RowRun[] },
  { start, end, target }: { readonly start: number; readonly end: number; readonly target: Uint8Array },
): Promise<void> {
  const { dtype, shape, rows } = input;
  const width = elementCount(shape.slice(1));
  const bytes = dtypeBytes(dtype);
  for (const run of runsWithin(rows, Math.floor(start / width), Math.ceil(end / width))) {
    const from = Math.max(start, run.first * width);
    const to = Math.min(end, (run.first + run.rows) * width);
    const place = target.subarray((from - start) * bytes, (to - start) * bytes);
    const skipped = from - run.first * width;
    const [part, ...more] = run.parts;
    if (part === undefined) place.fill(0);
    else if (more.length === 0 && part.weight === 1 && part.dtype === dtype) {
      await io.readInto(part.source, part.offset + skipped * bytes, place);
    } else await sumInto(io, run.parts, { skipped, dtype: dtype as FloatDType, target: place });
  }
}

async function sumInto(
  io: Pick<JobIO, "readInto">,
  parts: RowRun["parts"],
  { skipped, dtype, target }: { readonly skipped: number; readonly dtype: FloatDType; readonly target: Uint8Array },
): Promise<void> {
  const bytes = dtypeBytes(dtype);
  const count = target.byteLength / bytes;
  for (let at = 0; at < count; at += PIECE) {
    const length = Math.min(PIECE, count - at);
    const total = new Float64Array(length);
    for (const { source, offset, dtype: stored, weight } of parts) {
      const own = dtypeBytes(stored);
      const piece = new Uint8Array(length * own);
      await io.readInto(source, offset + (skipped + at) * own, piece);
      const numbers = tensorNumbers({ dtype: stored, shape: [length], bytes: piece });
      for (let i = 0; i < length; i++) total[i] += weight * numbers[i];
    }
    target.set(createTensor(dtype, [length], total).bytes, at * bytes);
  }
}
