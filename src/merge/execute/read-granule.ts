import type { Kernels } from "../../kernels/load-kernels.js";
import { dtypeBytes } from "../../tensor/dtype.js";
import type { Job, JobIO } from "./job.js";
import { type JobBuffers, PADDING } from "./job-buffers.js";
import { readRangeInto } from "./read-range-into.js";

/** Reads `count` elements from `start` on into the buffer of an input. Done when it returns, unless it gives a promise. */
export type ReadGranule = (start: number, count: number) => void | Promise<void>;

/**
 * For each input of a job, what reads a granule of it. Behind the elements there are zeros: kernels read on to a
 * multiple of 16 elements, and what they find there must not look like a number gone wrong.
 */
export function bindReads(
  { inputs, granule }: Job,
  { memory }: Kernels,
  { buffers, io }: { readonly buffers: JobBuffers; readonly io: JobIO },
): readonly ReadGranule[] {
  return inputs.map((input, i): ReadGranule => {
    const { source, offset, dtype } = input;
    const bytes = dtypeBytes(dtype);
    // Views are made once: there are thousands of granules.
    const room = new Uint8Array(memory.buffer, buffers.inputs[i], granule * bytes + PADDING);
    const whole = room.subarray(0, granule * bytes);
    room.fill(0, granule * bytes);
    const targetOf = (count: number): Uint8Array => {
      if (count === granule) return whole;
      room.fill(0, count * bytes, count * bytes + PADDING);
      return room.subarray(0, count * bytes);
    };
    return input.strides === undefined && input.rows === undefined
      ? (start, count) => io.readInto(source, offset + start * bytes, targetOf(count))
      : (start, count) => readRangeInto(io, input, { start, end: start + count, target: targetOf(count) });
  });
}
