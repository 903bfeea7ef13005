import type { OutputLayout, OutputTensor } from "../../checkpoint/layout.js";
import { OnebasinError } from "../../core/errors.js";
import type { OnProgress } from "../../core/progress.js";
import { dtypeBytes } from "../../tensor/dtype.js";
import { elementCount } from "../../tensor/shape.js";
import { type Compiler, createCompiler } from "../expression/create-compiler.js";
import { input, smallest } from "../expression/expression.js";
import type { PlannedTensor, TensorPlan } from "../plan.js";
import { checkAgreement } from "./check-agreement.js";
import { granuleOf } from "./granule.js";
import { inputRefOf } from "./input-ref.js";
import { jobGranules } from "./job.js";
import { jobMemory } from "./job-buffers.js";
import type { OutputTarget } from "./output-target.js";
import { matrixMemory } from "./run-matrix.js";
import { runTasks, type TensorTask } from "./run-tasks.js";
import type { Workload } from "./workload.js";

export interface WriteOptions {
  readonly layout: OutputLayout;
  readonly target: OutputTarget;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
  /** Notes tensors down as they are finished, and knows those that already are: they are not written again. */
  readonly journal?: WriteJournal;
}

export interface WriteJournal {
  /** By key, the CRC-32 of the bytes in the output. */
  readonly finished: ReadonlyMap<string, number>;
  note(key: string, crc32: number): void;
}

export interface WriteReport {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Names of the files, in the order of the layout; several when the output is sharded. */
  readonly files: readonly string[];
}

/** The tensors of a plan as a checkpoint format lays them out. */
export function outputTensors(plan: TensorPlan): OutputTensor[] {
  return plan.tensors.map(({ key, dtype, shape, tie }) => ({ key, dtype, shape, tie }));
}

/**
 * Carries out a plan: streams every tensor through the kernels to its place in the output. The output appears only
 * when all of it is right; otherwise nothing is left behind.
 *
 * @throws `non-finite` when inputs hold NaN or infinity and the plan does not allow it; `mismatch` when whole
 * numbers differ; `io`; `aborted`
 */
export async function writePlan(plan: TensorPlan, options: WriteOptions): Promise<WriteReport> {
  const { layout, target, signal, onProgress, journal } = options;
  try {
    await checkAgreement(plan);
    for (const [file, { segments }] of layout.files.entries()) {
      for (const { position, bytes } of segments) await target.write(file, position, bytes);
    }
    const { tasks, owners } = await placeTasks(plan, options);
    const checksums = await runAll(plan, tasks, { target, signal, onProgress, journal });
    for (const [file, { checksumSegments }] of layout.files.entries()) {
      const crc32Of = (key: string): number => checksums.get(owners.get(key) as string) as number;
      for (const { position, bytes } of checksumSegments?.(crc32Of) ?? []) await target.write(file, position, bytes);
    }
    await target.commit();
  } catch (error) {
    await target.abort();
    throw error;
  }
  return {
    bytesRead: plan.tensors.reduce(
      (total, { inputs }) => total + inputs.reduce((sum, { entry }) => sum + entryBytes(entry), 0),
      0,
    ),
    bytesWritten: layout.files.reduce((total, { size }) => total + size, 0),
    files: layout.files.map(({ name }) => name),
  };
}

const entryBytes = ({ dtype, shape }: Pick<PlannedTensor, "dtype" | "shape">): number =>
  elementCount(shape) * dtypeBytes(dtype);

/** One task for each place in the output; tied keys share the task of the first (their owner). */
async function placeTasks(
  plan: TensorPlan,
  { layout, target, journal }: WriteOptions,
): Promise<{ tasks: TensorTask[]; owners: Map<string, string> }> {
  const tasks: TensorTask[] = [];
  const owners = new Map<string, string>();
  const ownerOfPlace = new Map<string, string>();
  const compile = createCompiler(target.mostKept);
  for (const tensor of plan.tensors) {
    const placement = layout.placements.get(tensor.key);
    if (placement === undefined) throw new Error(`the layout has no place for ${tensor.key}`);
    const place = `${placement.file}:${placement.position}`;
    const owner = elementCount(tensor.shape) === 0 ? undefined : ownerOfPlace.get(place);
    owners.set(tensor.key, owner ?? tensor.key);
    if (owner !== undefined) continue;
    ownerOfPlace.set(place, tensor.key);
    const output = { ...placement, dtype: tensor.dtype };
    tasks.push({
      ...taskOf(tensor, plan, compile),
      output,
      checksum: journal !== undefined || layout.files[placement.file].checksumSegments !== undefined,
    });
  }
  return { tasks, owners };
}

function taskOf(tensor: PlannedTensor, plan: TensorPlan, compile: Compiler): Omit<TensorTask, "output" | "checksum"> {
  const { key, action, inputs, dtype, shape } = tensor;
  const refs = inputs.map(inputRefOf);
  const elements = elementCount(shape);
  const countNonFinite = !plan.allowNonFinite;
  if (action.kind === "matrix") {
    return { key, elements, inputs: refs, matrix: action.work, precision: "f64", countNonFinite };
  }
  if (action.kind !== "compute") {
    const constant = action.kind === "constant" ? action.element : undefined;
    return { key, elements, inputs: refs.slice(0, 1), constant, precision: "f32", countNonFinite: false };
  }
  const precision = dtype === "f64" ? "f64" : "f32";
  return {
    key,
    elements,
    inputs: refs,
    program: compile(action.expression, {
      results: tensor.nonNegative?.map((i) => smallest(input(i))),
      elements,
    }),
    precision,
    countNonFinite,
  };
}

async function runAll(
  plan: TensorPlan,
  all: readonly TensorTask[],
  { target, signal, onProgress, journal }: Pick<WriteOptions, "target" | "signal" | "onProgress" | "journal">,
): Promise<Map<string, number>> {
  const checksums = new Map(journal?.finished);
  const tasks = all.filter(({ key }) => !checksums.has(key));
  const total = tasks.reduce(
    (sum, { inputs }) => sum + inputs.reduce((bytes, input) => bytes + entryBytes(input), 0),
    0,
  );
  const backend = await target.openBackend(plan.sources, workloadOf(tasks));
  const problems: string[] = [];
  const negative: string[] = [];
  try {
    await runTasks(tasks, backend, {
      signal,
      onBytes: (done) => onProgress?.({ stage: "merging", done, total, unit: "bytes" }),
      onResult: (task, { crc32, nonFinite, values }) => {
        checksums.set(task.key, crc32);
        if (values.some((value) => value < 0)) negative.push(task.key);
        if (nonFinite.every((count) => count === 0)) journal?.note(task.key, crc32);
        for (const [i, count] of nonFinite.entries()) {
          if (count > 0)
            problems.push(
              `Key "${task.key}" of ${plan.sourceNames[task.inputs[i].source]}: ${count} of ${task.elements} numbers.`,
            );
        }
      },
    });
  } finally {
    await backend.close();
  }
  if (problems.length > 0) throw nonFiniteError(problems.sort());
  if (negative.length > 0) throw negativeError(negative.sort());
  return checksums;
}

function workloadOf(tasks: readonly TensorTask[]): Workload {
  const bytes = tasks.reduce((sum, { inputs, matrix }) => {
    const read = inputs.reduce((own, input) => own + entryBytes(input), 0);
    // A matrix takes some steps for each element and each row or column, whichever are fewer.
    return sum + read * (matrix === undefined ? 1 : Math.min(matrix.rows, matrix.cols));
  }, 0);
  let memoryPerJob = 0;
  let neediest: TensorTask | undefined;
  for (const task of tasks) {
    const needed = taskMemory(task);
    if (needed <= memoryPerJob) continue;
    memoryPerJob = needed;
    neediest = task;
  }
  const { key, matrix } = neediest ?? {};
  const named = matrix && `Key "${key}" [${matrix.rows}, ${matrix.cols}], as a matrix by "${matrix.method}",`;
  return { bytes, memoryPerJob, neediest: named };
}

function taskMemory({ key, elements, inputs, output, program, matrix }: TensorTask): number {
  if (matrix !== undefined) return matrixMemory(matrix);
  const rows = program?.rows;
  // A small tensor has a granule's buffers too, but never touches more of them than it fills.
  const whole = granuleOf(rows, key);
  const granule = Math.min(Math.max(1, elements), whole);
  const granules = Math.min(jobGranules(whole), Math.ceil(elements / whole));
  const needs = { inputs, output, granule, granules };
  const passes = program?.passes.map((pass) => jobMemory({ ...needs, compute: { pass, rows } })) ?? [];
  return Math.max(jobMemory(needs), ...passes);
}

/** Keys shown of a long list. */
const MAX_SHOWN = 20;

function negativeError(keys: readonly string[]): OnebasinError {
  const shown = `${keys.slice(0, MAX_SHOWN).join(", ")}${keys.length > MAX_SHOWN ? ", …" : ""}`;
  return new OnebasinError("bad-file", `Statistics that are sums of squares are below 0: ${shown}.`, {
    hint: "They are none, or were damaged: make them with onebasin statistics.",
    details: { keys },
  });
}

function nonFiniteError(problems: readonly string[]): OnebasinError {
  const shown = problems.slice(0, MAX_SHOWN).map((line) => `  - ${line}`);
  if (problems.length > MAX_SHOWN) shown.push(`  … and ${problems.length - MAX_SHOWN} more`);
  return new OnebasinError("non-finite", `The inputs hold NaN or infinity:\n${shown.join("\n")}`, {
    hint: "Such numbers spread to everything they are mixed with. Find out where they come from, or merge all the same with --allow-nonfinite.",
    details: { keys: problems },
  });
}
