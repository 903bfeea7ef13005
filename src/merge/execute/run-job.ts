import { type Kernels, loadKernels } from "../../kernels/load-kernels.js";
import { dtypeBytes } from "../../tensor/dtype.js";
import { REDUCTIONS, TALLIES } from "../expression/operations.js";
import { createPassPlacer, type PlacedPass } from "./bound-passes.js";
import { gatherOutput } from "./gather-output.js";
import { type Job, type JobIO, type JobResult, NO_PASS } from "./job.js";
import { type JobBuffers, outputElements, placeBuffers } from "./job-buffers.js";
import { bindReads } from "./read-granule.js";
import { readRangeInto } from "./read-range-into.js";

/**
 * Makes a function that runs one job after the other on WebAssembly memory of its own. Not for concurrent calls:
 * each thread, or each chain of promises, has one.
 */
export async function createJobRunner(io: JobIO): Promise<(job: Job) => Promise<JobResult>> {
  const kernels = await loadKernels(0);
  const place = createPassPlacer(kernels);
  return (job) => {
    if (job.matrix !== undefined) return matrix(job, kernels, io);
    return job.compute === undefined ? copy(job, kernels, io) : compute(job, { kernels, place, io });
  };
}

/** The methods themselves are loaded when the first matrix comes: most merges have none, and threads start quickly. */
async function matrix(job: Job, kernels: Kernels, io: JobIO): Promise<JobResult> {
  const { runMatrix } = await import("./run-matrix.js");
  return runMatrix(job, kernels, io);
}

/** Bytes of an input, or of a constant, to the output as they are. */
async function copy(job: Job, kernels: Kernels, io: JobIO): Promise<JobResult> {
  const { output, constant, granule } = job;
  if (output === undefined) throw new Error("a copy needs an output");
  const buffers = placeBuffers(job, kernels);
  const gathered = gatherOutput(job, kernels, { buffers, io });
  const bytes = dtypeBytes(output.dtype);
  const most = outputElements(output, granule);
  for (let start = job.start; start < job.end; start += most) {
    const end = Math.min(job.end, start + most);
    const target = new Uint8Array(kernels.memory.buffer, buffers.output, (end - start) * bytes);
    if (constant === undefined) await readRangeInto(io, job.inputs[0], { start, end, target });
    else for (let at = 0; at < target.length; at++) target[at] = constant[at % bytes];
    await gathered.add(end);
  }
  return { ...NO_PASS, crc32: gathered.crc32 };
}

async function compute(
  job: Job,
  {
    kernels,
    place,
    io,
  }: { readonly kernels: Kernels; readonly place: (job: Job) => Promise<PlacedPass>; readonly io: JobIO },
): Promise<JobResult> {
  const { pass, scalars, quotas } = job.compute as NonNullable<Job["compute"]>;
  const { buffers, start: startJob, run: runGranule } = await place(job);
  startJob(scalars);
  clearTallies(job, kernels, buffers);
  placeKept(job, kernels, buffers);
  const reads = bindReads(job, kernels, { buffers, io });
  const output = gatherOutput(job, kernels, { buffers, io });
  const starts = Float64Array.from(pass.reductions, (reduction) => REDUCTIONS[reduction].start);
  const granules = Math.ceil((job.end - job.start) / job.granule);
  const partials = new Float64Array(starts.length * granules);
  const nonFinite = job.inputs.map(() => 0);
  const left = [...quotas];
  // Promises are waited for only where there are some: files are read and written at once.
  for (let index = 0; index < granules; index++) {
    const start = job.start + index * job.granule;
    const count = Math.min(job.granule, job.end - start);
    for (const read of reads) {
      const reading = read(start, count);
      if (reading !== undefined) await reading;
    }
    const found = partials.subarray(index * starts.length, (index + 1) * starts.length);
    found.set(starts);
    runGranule({ index, start, count, stored: output.waiting, partials: found, nonFinite, left });
    const writing = output.add(start + count);
    if (writing !== undefined) await writing;
  }
  saveKept(job, kernels, buffers);
  return {
    partials,
    nonFinite,
    crc32: output.crc32,
    tallies: readTallies(job, kernels, buffers),
  };
}

function clearTallies(job: Job, { memory }: Kernels, buffers: JobBuffers): void {
  for (const [slot, digit] of (job.compute?.pass.tallies ?? []).entries()) {
    new Uint32Array(memory.buffer, buffers.tallies[slot], TALLIES[digit].bins).fill(0);
  }
}

function readTallies(job: Job, { memory, functions }: Kernels, buffers: JobBuffers): Uint32Array[] {
  const digits = job.compute?.pass.tallies ?? [];
  return digits.map((digit, slot) => {
    const pairs = functions.occurring(buffers.pairs, buffers.tallies[slot], TALLIES[digit].bins);
    return new Uint32Array(memory.buffer, buffers.pairs, 2 * pairs).slice();
  });
}

/** What earlier passes kept of the job's elements. */
function placeKept({ compute }: Job, { memory }: Kernels, buffers: JobBuffers): void {
  for (const [place, bytes] of (compute?.kept ?? []).entries()) {
    if (!compute?.pass.kept[place].isNew) new Uint8Array(memory.buffer, buffers.kept[place]).set(bytes);
  }
}

/** What this pass found for later ones. */
function saveKept({ compute }: Job, { memory }: Kernels, buffers: JobBuffers): void {
  for (const [place, bytes] of (compute?.kept ?? []).entries()) {
    if (compute?.pass.kept[place].isNew) bytes.set(new Uint8Array(memory.buffer, buffers.kept[place], bytes.length));
  }
}
