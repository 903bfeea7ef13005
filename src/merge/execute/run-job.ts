import { align, type Kernels, loadKernels } from "../../kernels/load-kernels.js";
import { type DType, dtypeBytes } from "../../tensor/dtype.js";
import { REDUCTIONS } from "../expression/operations.js";
import type { Instruction } from "../expression/program.js";
import { GRANULE, type Job, type JobIO, type JobResult } from "./job.js";
import { readRangeInto } from "./read-range-into.js";

/** Elements of one register: small enough that a handful stay in the first-level cache. */
const BLOCK = 4096;
/** Bytes after each buffer that kernels may touch: 16 elements of the widest dtype. */
const PADDING = 128;

/**
 * Makes a function that runs one job after the other on WebAssembly memory of its own. Not for concurrent calls:
 * each thread, or each chain of promises, has one.
 */
export async function createJobRunner(io: JobIO): Promise<(job: Job) => Promise<JobResult>> {
  const kernels = await loadKernels(0);
  return (job) => (job.compute === undefined ? copy(job, kernels, io) : compute(job, kernels, io));
}

/** Byte addresses of a job's buffers in WebAssembly memory. */
interface Buffers {
  readonly register: (index: number) => number;
  readonly inputs: readonly number[];
  readonly output: number;
}

/**
 * Bytes of WebAssembly memory that a job of this kind needs.
 *
 * @param inputs dtypes of the tensors read
 */
export function jobMemory(inputs: readonly DType[], output: DType | undefined, registers: number): number {
  const io = [...inputs, ...(output === undefined ? [] : [output])];
  return (
    align(registers * BLOCK * Float64Array.BYTES_PER_ELEMENT) +
    io.reduce((total, dtype) => total + align(GRANULE * dtypeBytes(dtype)) + PADDING, 0)
  );
}

function placeBuffers(job: Job, kernels: Kernels): Buffers {
  const registers = job.compute?.pass.registers ?? 0;
  const registerBytes = BLOCK * (job.compute?.precision === "f64" ? 8 : 4);
  const needed = jobMemory(
    job.inputs.map(({ dtype }) => dtype),
    job.output?.dtype,
    registers,
  );
  const missing = kernels.heapBase + needed - kernels.memory.buffer.byteLength;
  if (missing > 0) kernels.memory.grow(Math.ceil(missing / 65536));
  let next = align(kernels.heapBase + registers * registerBytes);
  const take = (dtype: DType): number => {
    const address = next;
    next = align(next + GRANULE * dtypeBytes(dtype)) + PADDING;
    return address;
  };
  return {
    register: (index) => kernels.heapBase + index * registerBytes,
    inputs: job.inputs.map(({ dtype }) => take(dtype)),
    output: job.output === undefined ? next : take(job.output.dtype),
  };
}

/** Bytes of an input, or of a constant, to the output as they are. */
async function copy(job: Job, kernels: Kernels, io: JobIO): Promise<JobResult> {
  const { output, constant } = job;
  if (output === undefined) throw new Error("a copy needs an output");
  const address = placeBuffers(job, kernels).output;
  const bytes = dtypeBytes(output.dtype);
  let crc32 = 0;
  for (let start = job.start; start < job.end; start += GRANULE) {
    const count = Math.min(GRANULE, job.end - start);
    const target = new Uint8Array(kernels.memory.buffer, address, count * bytes);
    if (constant === undefined) await readRangeInto(io, job.inputs[0], { start, end: start + count, target });
    else for (let at = 0; at < target.length; at++) target[at] = constant[at % bytes];
    await io.write(output.file, output.position + start * bytes, target);
    if (job.checksum) crc32 = kernels.functions.crc32(crc32, address, count * bytes) >>> 0;
  }
  return { partials: [], nonFinite: [], crc32 };
}

async function compute(job: Job, kernels: Kernels, io: JobIO): Promise<JobResult> {
  const buffers = placeBuffers(job, kernels);
  const runBlock = blockRunner(job, kernels, buffers);
  const partials: number[][] = [];
  const nonFinite = job.compute?.countNonFinite ? job.inputs.map(() => 0) : [];
  const outputBytes = job.output === undefined ? 0 : dtypeBytes(job.output.dtype);
  let crc32 = 0;
  for (let start = job.start; start < job.end; start += GRANULE) {
    const count = Math.min(GRANULE, job.end - start);
    for (const [i, input] of job.inputs.entries()) {
      const target = new Uint8Array(kernels.memory.buffer, buffers.inputs[i], count * dtypeBytes(input.dtype));
      await readRangeInto(io, input, { start, end: start + count, target });
      zeroPadding(kernels, target);
    }
    const row = (job.compute?.pass.reductions ?? []).map((reduction) => REDUCTIONS[reduction].start as number);
    for (let at = 0; at < count; at += BLOCK) runBlock(at, Math.min(BLOCK, count - at), row, nonFinite);
    partials.push(row);
    if (job.output !== undefined) {
      const bytes = new Uint8Array(kernels.memory.buffer, buffers.output, count * outputBytes);
      await io.write(job.output.file, job.output.position + start * outputBytes, bytes);
      if (job.checksum) crc32 = kernels.functions.crc32(crc32, buffers.output, bytes.byteLength) >>> 0;
    }
  }
  return { partials, nonFinite, crc32 };
}

/** Kernels read on to a multiple of 16 elements; what they find there must not look like a number gone wrong. */
function zeroPadding(kernels: Kernels, { byteOffset, byteLength }: Uint8Array): void {
  new Uint8Array(kernels.memory.buffer, byteOffset + byteLength, PADDING).fill(0);
}

type BlockStep = (at: number, n: number, partials: number[], nonFinite: number[]) => void;

/** Binds the pass's instructions to kernels and addresses, and fills the constant registers. */
function blockRunner(job: Job, kernels: Kernels, buffers: Buffers): BlockStep {
  if (job.compute === undefined) throw new Error("a copy has no blocks");
  const { pass, scalars, precision } = job.compute;
  const fill = kernels.functions[`fill_${precision}`];
  for (const { register, scalar } of pass.fills) fill(buffers.register(register), scalars[scalar], BLOCK);
  const steps = pass.instructions.map((instruction) => bindInstruction(instruction, job, kernels, buffers));
  return (at, n, partials, nonFinite) => {
    for (const step of steps) step(at, n, partials, nonFinite);
  };
}

function bindInstruction(instruction: Instruction, job: Job, kernels: Kernels, buffers: Buffers): BlockStep {
  const { scalars, precision } = job.compute as NonNullable<Job["compute"]>;
  const { functions } = kernels;
  const { register } = buffers;
  switch (instruction.do) {
    case "load":
      return loadStep(instruction, job, kernels, buffers);
    case "store":
      return storeStep(instruction.a, job, kernels, buffers);
    case "apply": {
      const kernel = functions[`${instruction.kernel}_${precision}`];
      const addresses = [instruction.out, ...instruction.args].map(register);
      return (_, n) => kernel(...addresses, n);
    }
    case "scale": {
      const kernel = functions[`scale_${precision}`];
      const [out, a, factor] = [register(instruction.out), register(instruction.a), scalars[instruction.scalar]];
      return (_, n) => kernel(out, a, factor, n);
    }
    case "addScaled": {
      const kernel = functions[`addScaled_${precision}`];
      const [out, a, b] = [instruction.out, instruction.a, instruction.b].map(register);
      const factor = scalars[instruction.scalar];
      return (_, n) => kernel(out, a, b, factor, n);
    }
    case "reduce": {
      const kernel = functions[`${instruction.reduction}_${precision}`];
      const addresses = instruction.args.map(register);
      const { join } = REDUCTIONS[instruction.reduction];
      const { slot } = instruction;
      return (_, n, partials) => {
        partials[slot] = join(partials[slot], kernel(...addresses, n));
      };
    }
  }
}

function loadStep(
  { out, model }: { out: number; model: number },
  job: Job,
  kernels: Kernels,
  buffers: Buffers,
): BlockStep {
  const { precision, countNonFinite } = job.compute as NonNullable<Job["compute"]>;
  const { dtype } = job.inputs[model];
  const to = buffers.register(out);
  const from = buffers.inputs[model];
  const bytes = dtypeBytes(dtype);
  const load = loader(dtype, precision, kernels);
  if (!countNonFinite) return (at, n) => void load(to, from + at * bytes, n);
  return (at, n, _, nonFinite) => {
    nonFinite[model] += load(to, from + at * bytes, n);
  };
}

/** From stored bytes to a register; gives the count of elements that are not finite. */
type Loader = (to: number, from: number, n: number) => number;

/** Narrow formats reach f64 by way of f32, which holds them exactly. */
function loader(dtype: DType, precision: "f32" | "f64", { functions }: Kernels): Loader {
  if (precision === "f32") return functions[`load_${dtype}`];
  if (dtype === "f64") return functions.loadWide_f64;
  const narrow = functions[`load_${dtype}`];
  const widen = functions.store_f64;
  return (to, from, n) => {
    // The f32 values go to the upper half of the f64 register: each is read before its place is written.
    const upper = to + BLOCK * 4;
    const count = narrow(upper, from, n);
    widen(to, upper, n);
    return count;
  };
}

function storeStep(a: number, job: Job, kernels: Kernels, buffers: Buffers): BlockStep {
  if (job.compute === undefined || job.output === undefined) throw new Error("a pass that stores has no output");
  const { functions } = kernels;
  const { dtype } = job.output;
  const from = buffers.register(a);
  const bytes = dtypeBytes(dtype);
  const write = functions[`store_${dtype}`];
  if (job.compute.precision === "f32") return (at, n) => void write(buffers.output + at * bytes, from, n);
  if (dtype === "f64") return (at, n) => void functions.loadWide_f64(buffers.output + at * bytes, from, n);
  // Narrowed in place: f64 element i is read before f32 element i is written over it.
  return (at, n) => {
    functions.load_f64(from, from, n);
    write(buffers.output + at * bytes, from, n);
  };
}
