import { dtypeBytes } from "../../tensor/dtype.js";
import type { InputRef, JobIO } from "./job.js";

/** Fills `target` with elements [start, end) of a tensor, row by row without gaps whatever its strides. */
export async function readElements(
  io: Pick<JobIO, "readInto">,
  input: InputRef,
  range: { readonly start: number; readonly end: number; readonly target: Uint8Array },
): Promise<void> {
  if (input.strides !== undefined) throw new Error("strided");
  await io.readInto(input.source, input.offset + range.start * dtypeBytes(input.dtype), range.target);
}
