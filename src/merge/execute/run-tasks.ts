import { combineCrc32 } from "../../checkpoint/crc32.js";
import { OnebasinError } from "../../core/errors.js";
import { dtypeBytes } from "../../tensor/dtype.js";
import { evaluateScalars, type Tally } from "../expression/evaluate-scalars.js";
import type { Expression } from "../expression/expression.js";
import { REDUCTIONS, TALLIES, type TallyName } from "../expression/operations.js";
import type { Pass, Program } from "../expression/program.js";
import { granuleOf } from "./granule.js";
import { inputRefWithin } from "./input-ref.js";
import {
  type InputRef,
  type Job,
  type JobBackend,
  type JobResult,
  jobGranules,
  type MatrixWork,
  type OutputRef,
} from "./job.js";
import { keptBytes } from "./job-buffers.js";
import { createPool, type Pool } from "./pool.js";

/** What is to be done for one key. */
export interface TensorTask {
  readonly key: string;
  readonly elements: number;
  readonly inputs: readonly InputRef[];
  readonly output?: OutputRef;
  /** Absent: the constant, or else a copy of the first input's bytes. */
  readonly program?: Program;
  /** Present where a method takes the whole tensor as one matrix. */
  readonly matrix?: MatrixWork;
  /** Bytes of one element, written for every element. */
  readonly constant?: Uint8Array;
  readonly precision: "f32" | "f64";
  readonly countNonFinite: boolean;
  readonly checksum: boolean;
}

export interface TaskResult {
  /** Values of the program's `results`. */
  readonly values: readonly number[];
  /** By input; empty when not counted. */
  readonly nonFinite: readonly number[];
  readonly crc32: number;
}

export interface RunOptions {
  readonly signal?: AbortSignal;
  /** Called with the number of bytes read so far for the last sweep of each task. */
  readonly onBytes?: (bytes: number) => void;
  readonly onResult: (task: TensorTask, result: TaskResult) => void;
}

/**
 * Runs tasks on a backend, keeping it busy: jobs of a task's next pass go before those of new tasks, so that few
 * tensors are under way at a time and their bytes are still in the page cache.
 *
 * Results do not depend on the order in which jobs finish: partial results are joined by their place.
 *
 * @throws `aborted` when the signal fires; whatever a job throws
 */
export async function runTasks(tasks: Iterable<TensorTask>, backend: JobBackend, options: RunOptions): Promise<void> {
  const source = tasks[Symbol.iterator]();
  const ready: QueuedJob[] = [];
  const tables = createPool((length): Float64Array => new Float64Array(length));
  const keeping = createPool(createShared);
  const underWay = new Set<Promise<void>>();
  let failure: unknown;
  let bytesDone = 0;

  const next = (): QueuedJob | undefined => {
    while (ready.length === 0) {
      const { value: task, done } = source.next();
      if (done) return undefined;
      startTask(task);
    }
    return ready.shift();
  };
  const startTask = (task: TensorTask): void => {
    const state: TaskState = {
      task,
      pass: 0,
      results: [],
      reductions: new Map(),
      kept: [],
      nonFinite: [],
      crc32: 0,
    };
    queuePass(state, ready, keeping);
  };
  const settle = ({ state, index, job }: QueuedJob, result: JobResult): void => {
    state.results[index] = { result, elements: job.end - job.start };
    state.left = (state.left ?? 0) - 1;
    if (isLastPass(state)) {
      bytesDone += (job.end - job.start) * job.inputs.reduce((total, { dtype }) => total + dtypeBytes(dtype), 0);
      options.onBytes?.(bytesDone);
    }
    if (state.left > 0) return;
    finishPass(state, tables);
    if (!isLastPass(state)) {
      state.pass++;
      queuePass(state, ready, keeping);
      return;
    }
    const { task } = state;
    const values = evaluateScalars(task.program?.results ?? [], { count: task.elements, reductions: state.reductions });
    options.onResult(task, { values, nonFinite: state.nonFinite, crc32: state.crc32 });
    for (const found of state.reductions.values()) if (typeof found === "object") tables.giveBack(found.bins);
    for (const kept of state.kept.flat()) keeping.giveBack(kept);
  };

  for (;;) {
    if (options.signal?.aborted)
      failure ??= new OnebasinError("aborted", "Stopped before the end; nothing was written.");
    const queued = failure === undefined ? (underWay.size < backend.concurrency ? next() : undefined) : undefined;
    if (queued !== undefined) {
      const running: Promise<void> = backend
        .run(queued.job)
        .then((result) => settle(queued, result))
        .catch((error: unknown) => {
          failure ??= error;
        })
        .finally(() => underWay.delete(running));
      underWay.add(running);
    } else if (underWay.size > 0) {
      await Promise.race(underWay);
    } else {
      break;
    }
  }
  if (failure !== undefined) throw failure;
}

interface TaskState {
  readonly task: TensorTask;
  pass: number;
  /** Jobs of the current pass that have not finished. */
  left?: number;
  results: { readonly result: JobResult; readonly elements: number }[];
  readonly reductions: Map<Expression, number | Tally>;
  /** What passes keep, by slot and by job. */
  readonly kept: Uint8Array[][];
  nonFinite: readonly number[];
  crc32: number;
}

interface QueuedJob {
  readonly state: TaskState;
  /** Place among the jobs of its pass. */
  readonly index: number;
  readonly job: Job;
}

const isLastPass = ({ task, pass }: TaskState): boolean => pass >= (task.program?.passes.length ?? 1) - 1;

/** Shared between threads where there is such memory: then what passes keep is not copied from one to another. */
const createShared = (bytes: number): Uint8Array =>
  new Uint8Array(typeof SharedArrayBuffer === "undefined" ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes));

function queuePass(state: TaskState, ready: QueuedJob[], keeping: Pool<Uint8Array>): void {
  const { task, pass, reductions } = state;
  const { program, matrix, constant, inputs, elements, precision } = task;
  const compute =
    program === undefined
      ? undefined
      : {
          pass: program.passes[pass],
          scalars: evaluateScalars(program.scalars[pass], { count: elements, reductions }),
          precision,
          checked: task.countNonFinite ? newInputs(program, pass) : [],
          rows: program.rows,
        };
  const granule = granuleOf(program?.rows, task.key);
  const quotas = jobQuotas(state);
  const last = isLastPass(state);
  const output = last ? task.output : undefined;
  const jobs: QueuedJob[] = [];
  const length = matrix === undefined ? jobGranules(granule) * granule : elements;
  // An empty tensor still has one (empty) job, so that every task ends.
  for (let start = 0; start === 0 || start < elements; start += length) {
    const end = Math.min(elements, start + length);
    const index = jobs.length;
    for (const kept of compute?.pass.kept ?? []) {
      if (!kept.isNew) continue;
      const granules = Math.ceil((end - start) / granule);
      state.kept[kept.slot] ??= [];
      state.kept[kept.slot][index] = keeping.take(granules * keptBytes(kept, { granule, rows: program?.rows }));
    }
    const own = compute && {
      ...compute,
      quotas: quotas.map((shares) => shares(index)),
      kept: compute.pass.kept.map(({ slot }) => state.kept[slot][index]),
    };
    jobs.push({
      state,
      index,
      job: {
        inputs: inputs.map((input) => inputRefWithin(input, start, end)),
        start,
        end,
        granule,
        output,
        compute: own,
        matrix,
        constant,
        checksum: task.checksum && last,
      },
    });
  }
  state.left = jobs.length;
  state.results = [];
  ready.unshift(...jobs);
}

/** The inputs that a pass is the first to read. */
function newInputs({ passes }: Program, pass: number): number[] {
  const read = ({ stages }: Pass): number[] =>
    stages.flatMap(({ blocks }) => blocks.flatMap((step) => (step.do === "load" ? [step.model] : [])));
  const known = new Set(passes.slice(0, pass).flatMap(read));
  return [...new Set(read(passes[pass]))].filter((input) => !known.has(input));
}

/**
 * For each `take` of the pass, how many of the equals each job may keep: the first ones of the tensor are kept, so a
 * job gets what is left after those of the jobs before it. The sweep that counted had the same jobs.
 */
function jobQuotas({ task, pass, reductions }: TaskState): ((job: number) => number)[] {
  return (task.program?.takes[pass] ?? []).map(({ threshold, quota, lowTally }) => {
    const [bits, total] = evaluateScalars([threshold, quota], { count: task.elements, reductions });
    const { byJob } = reductions.get(lowTally) as Tally;
    const digit = bits % TALLIES.low.bins;
    let left = total;
    const shares = byJob.map((pairs) => {
      const share = Math.min(left, countOf(pairs, digit));
      left -= share;
      return share;
    });
    return (job) => shares[job];
  });
}

/** The count of a digit in a list of pairs (digit, count). */
function countOf(pairs: Uint32Array, digit: number): number {
  for (let i = 0; i < pairs.length; i += 2) if (pairs[i] === digit) return pairs[i + 1];
  return 0;
}

/** Joins what the jobs of a pass found, in the order of their places. */
function finishPass(state: TaskState, tables: Pool<Float64Array>): void {
  const { task, pass, results } = state;
  const reductions = task.program?.passes[pass].reductions ?? [];
  for (const [slot, reduction] of reductions.entries()) {
    const { start, join } = REDUCTIONS[reduction];
    let total = start as number;
    for (const { result } of results) {
      for (let at = slot; at < result.partials.length; at += reductions.length)
        total = join(total, result.partials[at]);
    }
    state.reductions.set((task.program as Program).reduced[pass][slot], total);
  }
  for (const [slot, tally] of (task.program?.tallied[pass] ?? []).entries()) {
    const byJob = results.map(({ result }) => result.tallies[slot]);
    const { digit } = tally as { readonly digit: TallyName };
    const bins = tables.take(TALLIES[digit].bins).fill(0);
    addTallies(bins, byJob);
    state.reductions.set(tally, { bins, byJob: digit === "low" ? byJob : [] });
  }
  if (task.countNonFinite) {
    state.nonFinite = task.inputs.map((_, i) =>
      results.reduce((count, { result }) => count + (result.nonFinite[i] ?? 0), state.nonFinite[i] ?? 0),
    );
  }
  if (task.checksum && isLastPass(state)) {
    const bytes = task.output === undefined ? 0 : dtypeBytes(task.output.dtype);
    state.crc32 = results.reduce((crc, { result, elements }) => combineCrc32(crc, result.crc32, elements * bytes), 0);
  }
}

function addTallies(total: Float64Array, byJob: readonly Uint32Array[]): void {
  for (const pairs of byJob) {
    for (let i = 0; i < pairs.length; i += 2) total[pairs[i]] += pairs[i + 1];
  }
}
