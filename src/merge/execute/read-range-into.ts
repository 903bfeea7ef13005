import { MAX_RUN_BYTES, scatterRun, stridedRuns } from "../../checkpoint/strided.js";
import { dtypeBytes } from "../../tensor/dtype.js";
import type { InputRef, JobIO } from "./job.js";
import { readRowsInto } from "./read-rows-into.js";

/**
 * Fills `target` with elements [start, end) of a tensor, row by row without gaps whatever its strides and
 * wherever its rows come from. At most `MAX_RUN_BYTES` beside the target are held.
 */
export async function readRangeInto(
  io: Pick<JobIO, "readInto">,
  input: InputRef,
  range: { readonly start: number; readonly end: number; readonly target: Uint8Array },
): Promise<void> {
  const bytesPerElement = dtypeBytes(input.dtype);
  const { start, end, target } = range;
  const { rows } = input;
  if (rows !== undefined) {
    await readRowsInto(io, { ...input, rows }, range);
    return;
  }
  if (input.strides === undefined) {
    await io.readInto(input.source, input.offset + start * bytesPerElement, target);
    return;
  }
  const scratch = new Uint8Array(MAX_RUN_BYTES);
  for (const run of stridedRuns({ shape: input.shape, strides: input.strides, bytesPerElement, start, end })) {
    const part = scratch.subarray(0, run.length);
    await io.readInto(input.source, input.offset + run.sourceOffset, part);
    scatterRun(run, part, target);
  }
}
