import { align, type Kernels } from "../../kernels/load-kernels.js";
import { type DType, dtypeBytes } from "../../tensor/dtype.js";
import { TALLIES } from "../expression/operations.js";
import type { Pass } from "../expression/program.js";
import { resultBytes } from "./fused/loop.js";
import { GRANULE, type Job } from "./job.js";

/** Elements of one register: small enough that a handful stay in the first-level cache. */
export const BLOCK = 2048;
/** Bytes after each buffer that kernels may touch: 16 elements of the widest dtype. */
export const PADDING = 128;
/** What sorting a row needs beside two lists of pairs. */
const SORT_TABLE_BYTES = 8192;

/** What decides how much memory a job needs. */
interface JobNeeds {
  readonly inputs: readonly { readonly dtype: DType }[];
  readonly output?: { readonly dtype: DType };
  readonly granule?: number;
  readonly compute?: { readonly pass: Pass; readonly rows?: { readonly length: number; readonly inner: number } };
}

/** Byte addresses of a job's buffers in WebAssembly memory. */
export interface JobBuffers {
  readonly register: (index: number) => number;
  readonly inputs: readonly number[];
  readonly output: number;
  /** One value for each element of the granule. */
  readonly buffer: (index: number) => number;
  /** One f64 for each row of the granule. */
  readonly rowRegister: (index: number) => number;
  readonly sortScratch: number;
  /** What loops find, see `Results`. */
  readonly results: number;
  /** By slot. */
  readonly tallies: readonly number[];
}

/** Bytes of WebAssembly memory that a job of this kind needs. */
export function jobMemory(needs: JobNeeds): number {
  return place(needs, 0, Float64Array.BYTES_PER_ELEMENT).end;
}

/** Finds room for a job's buffers; the memory grows when there is too little. */
export function placeBuffers(job: Job, kernels: Kernels): JobBuffers {
  const { buffers, end } = place(job, kernels.heapBase, job.compute?.precision === "f64" ? 8 : 4);
  const missing = end - kernels.memory.buffer.byteLength;
  if (missing > 0) kernels.memory.grow(Math.ceil(missing / 65536));
  return buffers;
}

function place(needs: JobNeeds, start: number, numberBytes: number): { buffers: JobBuffers; end: number } {
  const { inputs, output, granule = GRANULE, compute } = needs;
  let end = start;
  const take = (bytes: number): number => {
    const address = end;
    end = align(end + bytes);
    return address;
  };
  const takeList = (count: number, bytes: number): ((index: number) => number) => {
    const first = take(count * bytes);
    return (index) => first + index * bytes;
  };
  const pass = compute?.pass;
  const rowLength = Math.max(1, compute?.rows?.length ?? 1);
  const register = takeList(pass?.registers ?? 0, BLOCK * numberBytes);
  const buffers: JobBuffers = {
    register,
    inputs: inputs.map(({ dtype }) => take(granule * dtypeBytes(dtype) + PADDING)),
    output: output === undefined ? end : take(granule * dtypeBytes(output.dtype) + PADDING),
    buffer: takeList(pass?.buffers ?? 0, align(granule * numberBytes) + PADDING),
    rowRegister: takeList(pass?.rowRegisters ?? 0, align((granule / rowLength) * 8) + PADDING),
    sortScratch: compute?.rows === undefined ? end : take(16 * rowLength + SORT_TABLE_BYTES),
    results: take(resultBytes(pass, inputs.length)),
    tallies: (pass?.tallies ?? []).map((digit) => take(TALLIES[digit].bins * Uint32Array.BYTES_PER_ELEMENT)),
  };
  return { buffers, end };
}
