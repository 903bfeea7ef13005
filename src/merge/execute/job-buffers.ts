import { align, type Kernels } from "../../kernels/load-kernels.js";
import { type DType, dtypeBytes } from "../../tensor/dtype.js";
import type { Rows } from "../expression/expression.js";
import { TALLIES } from "../expression/operations.js";
import type { Kept, Pass } from "../expression/program.js";
import { resultBytes } from "./fused/loop.js";
import { GRANULE, type Job, jobGranules } from "./job.js";

/** Elements of one register: small enough that a handful stay in the first-level cache. */
export const BLOCK = 2048;
/** Bytes after each buffer that kernels may touch: 16 elements of the widest dtype. */
export const PADDING = 128;
/**
 * Bytes that are written at once: systems lock a file for each write and give it memory in pieces as large as the
 * write, so that few large ones cost two thirds of many small ones.
 */
const OUTPUT_BYTES = 2 ** 20;
/** What ranking a row needs: two lists of pairs, magnitudes and bins for each element, and tables. */
const RANK_ELEMENT_BYTES = 24;
const RANK_TABLE_BYTES = 65536;

/** What decides how much memory a job needs. */
interface JobNeeds {
  readonly inputs: readonly { readonly dtype: DType }[];
  readonly output?: { readonly dtype: DType };
  readonly granule?: number;
  /** Of the job. */
  readonly granules?: number;
  readonly compute?: { readonly pass: Pass; readonly rows?: Rows };
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
  /** The digits that occur in a table, with their counts. */
  readonly pairs: number;
  /** By place in `pass.kept`; each holds the whole job's, `keptBytes` for each granule. */
  readonly kept: readonly number[];
}

/** Elements that are gathered before they are written: whole granules, of `OUTPUT_BYTES` in all where one is less. */
export function outputElements({ dtype }: { readonly dtype: DType }, granule: number): number {
  return granule * Math.max(1, Math.floor(OUTPUT_BYTES / (granule * dtypeBytes(dtype))));
}

/** Bytes of what is kept of a granule: bits that fill whole vectors, or an f64 for each row. */
export function keptBytes(
  { extent }: Kept,
  { granule, rows }: { readonly granule: number; readonly rows?: Rows },
): number {
  return extent === "tensor" ? align(Math.ceil(granule / 8)) : (granule / Math.max(1, rows?.length ?? 1)) * 8;
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

const mostBins = (pass: Pass | undefined): number =>
  Math.max(0, ...(pass?.tallies ?? []).map((digit) => TALLIES[digit].bins));

function place(needs: JobNeeds, start: number, numberBytes: number): { buffers: JobBuffers; end: number } {
  const { inputs, output, granule = GRANULE, granules = jobGranules(granule), compute } = needs;
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
    results: take(resultBytes(pass)),
    inputs: inputs.map(({ dtype }) => take(granule * dtypeBytes(dtype) + PADDING)),
    output: output === undefined ? end : take(outputElements(output, granule) * dtypeBytes(output.dtype) + PADDING),
    buffer: takeList(pass?.buffers ?? 0, align(granule * numberBytes) + PADDING),
    rowRegister: takeList(pass?.rowRegisters ?? 0, align((granule / rowLength) * 8) + PADDING),
    sortScratch: compute?.rows === undefined ? end : take(RANK_ELEMENT_BYTES * rowLength + RANK_TABLE_BYTES),
    tallies: (pass?.tallies ?? []).map((digit) => take(TALLIES[digit].bins * Uint32Array.BYTES_PER_ELEMENT)),
    pairs: take(2 * mostBins(pass) * Uint32Array.BYTES_PER_ELEMENT),
    kept: (pass?.kept ?? []).map((kept) =>
      take(granules * keptBytes(kept, { granule, rows: compute?.rows }) + PADDING),
    ),
  };
  return { buffers, end };
}
