import type { Params } from "../../core/params.js";
import { align, type Kernels } from "../../kernels/load-kernels.js";
import { loadMultiply } from "../../linear-algebra/load-multiply.js";
import { type Matrix, zeros } from "../../linear-algebra/matrix.js";
import { dtypeBytes } from "../../tensor/dtype.js";
import { elementCount } from "../../tensor/shape.js";
import type { MatrixContext } from "../matrix-method.js";
import type { MergeMethod } from "../method.js";
import { methods } from "../methods.gen.js";
import { type InputRef, type Job, type JobIO, type JobResult, type MatrixWork, NO_PASS } from "./job.js";
import { BLOCK, PADDING } from "./job-buffers.js";
import { loader } from "./loader.js";
import { readRangeInto } from "./read-range-into.js";

/** Elements that are read or written at a time. */
const PIECE = 2 ** 16;

/** Bytes of a piece of the widest dtype, and of a block of f64. */
const BYTES = align(PIECE * 8 + PADDING);
const BLOCK_BYTES = BLOCK * 8;

/** Bytes that a job on one matrix holds at once. */
export function matrixMemory(work: MatrixWork): number {
  return 8 * matrixMethod(work.method).numbers(work) + BYTES + BLOCK_BYTES + PADDING;
}

/** The method of this id on matrices. */
function matrixMethod(id: string): NonNullable<MergeMethod["matrix"]> {
  const matrix = methods.find((method) => method.id === id)?.matrix;
  if (matrix === undefined) throw new Error(`${id} is no method on matrices`);
  return matrix;
}

/** Combines one tensor as a matrix, and writes it. */
export async function runMatrix(job: Job, kernels: Kernels, io: JobIO): Promise<JobResult> {
  const work = job.matrix as MatrixWork;
  makeRoom(kernels);
  const counts = new Map<number, number>();
  const add = async (target: Matrix, input: number, sign: 1 | -1): Promise<void> => {
    const count = await addTensor(target.values, job.inputs[input], { sign, kernels, io });
    counts.set(input, count);
    if (count > 0) throw NOT_FINITE;
  };
  const combined = await combine(job, add).catch(async (error: unknown) => {
    if (error !== NOT_FINITE) throw error;
    for (const [input, ref] of job.inputs.entries()) {
      const { values } = zeros(...matrixShape(ref));
      if (!counts.has(input)) counts.set(input, await addTensor(values, ref, { sign: 1, kernels, io }));
    }
    const spoilt = zeros(work.rows, work.cols);
    spoilt.values.fill(Number.NaN);
    return spoilt;
  });
  const nonFinite = job.inputs.map((_, input) => counts.get(input) ?? 0);
  return { ...NO_PASS, nonFinite, crc32: await writeMatrix(combined, job, kernels, io) };
}

/** Thrown where an input holds NaN or infinity: no method on matrices makes a number of it. */
const NOT_FINITE = new Error("not finite");

async function combine(job: Job, add: AddTensor): Promise<Matrix> {
  const work = job.matrix as MatrixWork;
  return matrixMethod(work.method).combine(await contextOf(job, work, add));
}

type AddTensor = (target: Matrix, input: number, sign: 1 | -1) => Promise<void>;

async function contextOf(
  { inputs, output }: Job,
  work: MatrixWork,
  add: AddTensor,
): Promise<MatrixContext<Params, Params>> {
  const { models, hasBase, statistics } = work;
  const read = async (input: number, without?: number): Promise<Matrix> => {
    const matrix = zeros(...matrixShape(inputs[input]));
    if (without !== undefined) await add(matrix, without, -1);
    await add(matrix, input, 1);
    return matrix;
  };
  return {
    ...work,
    precision: [output, ...inputs].some((place) => place?.dtype === "f64") ? "f64" : "f32",
    multiply: await loadMultiply(),
    model: (i) => read(i),
    base: () => read(models),
    taskVector: (i) => read(i, models),
    statistic: (i) => read(models + (hasBase ? 1 : 0) + i),
    statisticsName: (i) => statistics[i],
  };
}

/** Rows and columns of a tensor: its first axis, and all others. */
function matrixShape({ shape: [rows, ...others] }: InputRef): [number, number] {
  return [rows, elementCount(others)];
}

function makeRoom({ memory, heapBase }: Kernels): void {
  const missing = heapBase + BYTES + BLOCK_BYTES - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / 65536));
}

/** target += sign · tensor; gives the count of elements that are not finite. */
async function addTensor(
  target: Float64Array,
  input: InputRef,
  { sign, kernels, io }: { readonly sign: 1 | -1; readonly kernels: Kernels; readonly io: JobIO },
): Promise<number> {
  const bytesPerElement = dtypeBytes(input.dtype);
  const load = loader(input.dtype, "f64", kernels);
  const register = kernels.heapBase + BYTES;
  let nonFinite = 0;
  for (let start = 0; start < target.length; start += PIECE) {
    const end = Math.min(target.length, start + PIECE);
    const bytes = new Uint8Array(kernels.memory.buffer, kernels.heapBase, (end - start) * bytesPerElement);
    await readRangeInto(io, input, { start, end, target: bytes });
    for (let at = start; at < end; at += BLOCK) {
      const count = Math.min(BLOCK, end - at);
      nonFinite += load(register, kernels.heapBase + (at - start) * bytesPerElement, count);
      const block = new Float64Array(kernels.memory.buffer, register, count);
      for (let i = 0; i < count; i++) target[at + i] += sign * block[i];
    }
  }
  return nonFinite;
}

/** Rounds once, to the output's dtype; gives the CRC-32 of what was written. */
async function writeMatrix({ values }: Matrix, job: Job, kernels: Kernels, io: JobIO): Promise<number> {
  const { output, checksum } = job;
  if (output === undefined) throw new Error("a matrix needs an output");
  const { functions, memory, heapBase } = kernels;
  const bytesPerElement = dtypeBytes(output.dtype);
  const register = heapBase + BYTES;
  let crc32 = 0;
  for (let start = 0; start < values.length; start += PIECE) {
    const end = Math.min(values.length, start + PIECE);
    for (let at = start; at < end; at += BLOCK) {
      const count = Math.min(BLOCK, end - at);
      new Float64Array(memory.buffer, register, count).set(values.subarray(at, at + count));
      const to = heapBase + (at - start) * bytesPerElement;
      if (output.dtype === "f64") functions.loadWide_f64(to, register, count);
      else {
        // Narrowed in place: each f64 is read before an f32 is written over it.
        functions.load_f64(register, register, count);
        functions[`store_${output.dtype}`](to, register, count);
      }
    }
    const bytes = new Uint8Array(memory.buffer, heapBase, (end - start) * bytesPerElement);
    await io.write(output.file, output.position + start * bytesPerElement, bytes);
    if (checksum) crc32 = functions.crc32(crc32, heapBase, bytes.byteLength) >>> 0;
  }
  return crc32;
}
