import type { Kernels } from "../../kernels/load-kernels.js";
import { type DType, dtypeBytes } from "../../tensor/dtype.js";
import { REDUCTIONS, ROW_REDUCTIONS } from "../expression/operations.js";
import type { Instruction, RowInstruction } from "../expression/program.js";
import type { LoopCompiler } from "./fused/compile-loop.js";
import { isFusible, isSafeDot, type Results } from "./fused/loop.js";
import { TURN } from "./fused/loop-writer.js";
import { showsInResults } from "./fused/propagate.js";
import { type Run, splitRuns } from "./fused/split-runs.js";
import { VECTOR_FORMATS } from "./fused/vector-formats.js";
import type { Job } from "./job.js";
import { BLOCK, type JobBuffers, keptBytes } from "./job-buffers.js";
import { loader } from "./loader.js";

/** A granule under way, and what has been found so far. */
export interface GranuleState {
  /** Its place among those of the job. */
  readonly index: number;
  /** Index of its first element in the tensor. */
  readonly start: number;
  readonly count: number;
  /** Elements before it in the output's buffer. */
  readonly stored: number;
  /** By reduction slot, of this granule. */
  readonly partials: Float64Array;
  /** By input, of the job. */
  readonly nonFinite: number[];
  /** By take: equals to a threshold that may still be kept. */
  readonly left: number[];
}

/** Does its work on `n` elements, as many as the length of its stage at most, `at` elements into the granule. */
type BlockStep = (at: number, n: number, state: GranuleState) => void;
/** Does its work on all rows of the granule. */
type RowStep = (state: GranuleState) => void;

/** What a pass is bound to beside memory: jobs of one kind differ in their elements and numbers alone. */
export interface JobKind extends Pick<NonNullable<Job["compute"]>, "pass" | "precision" | "checked" | "rows"> {
  readonly inputs: readonly { readonly dtype: DType }[];
  readonly output?: { readonly dtype: DType };
  readonly granule: number;
}

/** A pass that is ready for all jobs of a kind. */
export interface BoundPass {
  /** Before a job's first granule, with its `scalars`: fills the constant registers and what loops take from outside. */
  readonly start: (scalars: readonly number[]) => void;
  readonly run: (state: GranuleState) => void;
}

/**
 * Binds the instructions of a pass to kernels, loops and addresses. Neighbouring instructions become one loop where they can;
 * the others are calls of kernels, one for each block.
 */
export async function bindPass(
  kind: JobKind,
  { kernels, compileLoop }: { readonly kernels: Kernels; readonly compileLoop: LoopCompiler },
  buffers: JobBuffers,
): Promise<BoundPass> {
  const { pass, precision } = kind;
  const fill = kernels.functions[`fill_${precision}`];
  const scalars: number[] = [];
  const loopStarts: (() => void)[] = [];
  const binding = { kind, kernels, buffers, scalars, loopStarts, counting: countingLoads(kind) };
  const stages: { blocks: BlockStep[]; length: number; rows: RowStep[] }[] = [];
  for (const { blocks, rows } of pass.stages) {
    stages.push({
      ...(await bindBlocks(blocks, { ...binding, compileLoop })),
      rows: rows.map((instruction) => bindRowInstruction(instruction, binding)),
    });
  }
  return {
    start: (values) => {
      for (const [i, value] of values.entries()) scalars[i] = value;
      for (const { register, scalar } of pass.fills) fill(buffers.register(register), scalars[scalar], BLOCK);
      for (const start of loopStarts) start();
    },
    run: (state) => {
      for (const { blocks, length, rows } of stages) {
        for (let at = 0; at < state.count; at += length) {
          const n = Math.min(length, state.count - at);
          for (const step of blocks) step(at, n, state);
        }
        for (const step of rows) step(state);
      }
    },
  };
}

/** The first load of each input that is checked: what is not finite is counted once, however many stages read it. */
function countingLoads(kind: JobKind): ReadonlySet<Instruction> {
  const { pass, checked } = kind;
  const loads = pass.stages.flatMap(({ blocks }) => blocks.filter((instruction) => instruction.do === "load"));
  return new Set(checked.flatMap((input) => loads.find(({ model }) => model === input) ?? []));
}

async function bindBlocks(
  blocks: readonly Instruction[],
  { compileLoop, ...binding }: Binding & { readonly compileLoop: LoopCompiler },
): Promise<{ readonly blocks: BlockStep[]; readonly length: number }> {
  const { kind } = binding;
  const runs =
    kind.precision === "f32"
      ? splitRuns(blocks, (instruction) => isFusible(instruction, kind))
      : [{ isFusible: false, instructions: blocks, kept: [], isRepeatable: true }];
  const steps: BlockStep[] = [];
  let hasLoop = false;
  for (const run of runs) {
    const bindSingly = (): BlockStep[] => run.instructions.map((instruction) => bindInstruction(instruction, binding));
    const isSafe = run.isRepeatable || !run.instructions.some((instruction) => mayDoubt(instruction, binding));
    const isLoop = run.isFusible && isSafe && run.instructions.length > 1;
    if (isLoop) steps.push(await bindRun(run, bindSingly, { ...binding, compileLoop }));
    else steps.push(...bindSingly());
    hasLoop ||= isLoop;
  }
  // A loop by itself leaves nothing in registers, which hold a block, and goes over the whole granule in one call.
  return { blocks: steps, length: hasLoop && steps.length === 1 ? kind.granule : BLOCK };
}

/** Whether a loop with this instruction may leave a block to the kernels after all. */
const mayDoubt = (instruction: Instruction, { counting }: Binding): boolean =>
  counting.has(instruction) ||
  instruction.do === "store" ||
  (instruction.do === "reduce" && instruction.reduction === "dot");

/**
 * @param bindSingly gives the same instructions as calls of kernels: for the end of a tensor that is no whole turn, and
 * for what the loop doubts
 */
async function bindRun(
  { instructions, kept }: Run,
  bindSingly: () => readonly BlockStep[],
  {
    kind,
    kernels,
    buffers,
    scalars,
    loopStarts,
    counting,
    compileLoop,
  }: Binding & { readonly compileLoop: LoopCompiler },
): Promise<BlockStep> {
  const { pass } = kind;
  const results: Results = { address: buffers.results, reductions: pass.reductions.length };
  const loop = await compileLoop({
    instructions,
    kept,
    results,
    inputs: kind.inputs.map(({ dtype }) => dtype),
    output: kind.output?.dtype,
    registers: { address: buffers.register(0), step: buffers.register(1) - buffers.register(0) },
    filled: pass.fills.map(({ register }) => register),
    checked: checkedPlaces(instructions, kind, counting),
  });
  const places = {
    inputs: buffers.inputs,
    output: buffers.output,
    buffers: Array.from({ length: pass.buffers }, (_, i) => buffers.buffer(i)),
  };
  loopStarts.push(() => loop.bind({ scalars, ...places }));
  const found = new Float64Array(kernels.memory.buffer, buffers.results, results.reductions + 1);
  const reductions = instructions.filter((instruction) => instruction.do === "reduce");
  const isDoubtful = (): boolean =>
    found[results.reductions] > 0 ||
    reductions.some(({ reduction, slot }) => reduction === "dot" && !isSafeDot(found[slot]));
  let singly: readonly BlockStep[] | undefined;
  const bySteps: BlockStep = (at, n, state) => {
    singly ??= bindSingly();
    for (let done = 0; done < n; done += BLOCK) {
      for (const step of singly) step(at + done, Math.min(BLOCK, n - done), state);
    }
  };
  return (at, n, state) => {
    // Without reductions it may go on behind the end, as kernels do.
    const behind = (TURN - (n % TURN)) % TURN;
    const length = reductions.length === 0 ? n + behind : behind === 0 ? n : n - (n % BLOCK);
    if (length > 0) {
      loop.run(at, state.stored + at, length);
      if (isDoubtful()) bySteps(at, Math.min(n, length), state);
      else {
        for (const { slot, reduction } of reductions) {
          state.partials[slot] = REDUCTIONS[reduction].join(state.partials[slot], found[slot]);
        }
      }
    }
    if (length < n) bySteps(at + length, n - length, state);
  };
}

/** Where a loop must look for what is not finite: at stores rather than at loads, where it would show in those. */
function checkedPlaces(
  instructions: readonly Instruction[],
  { output }: JobKind,
  counting: ReadonlySet<Instruction>,
): number[] {
  const loads = instructions.flatMap((instruction, i) => (counting.has(instruction) ? [i] : []));
  const shown = loads.filter((load) => showsInResults(instructions, load));
  const looksAtStores = shown.length > 0 || (output && VECTOR_FORMATS[output.dtype]?.leavesNaN === true);
  const stores = instructions.flatMap(({ do: what }, i) => (what === "store" && looksAtStores ? [i] : []));
  return [...loads.filter((load) => !shown.includes(load)), ...stores];
}

/** Of a pass that has no rows, and so no row instructions. */
const WHOLE = { length: 1, inner: 1 };

interface Binding {
  readonly kind: JobKind;
  readonly kernels: Kernels;
  readonly buffers: JobBuffers;
  /** Of the job that runs, from its start on. */
  readonly scalars: readonly number[];
  /** What must be told to loops before a job. */
  readonly loopStarts: (() => void)[];
  /** Loads that count what is not finite. */
  readonly counting: ReadonlySet<Instruction>;
}

function bindInstruction(instruction: Instruction, { kind, kernels, buffers, scalars, counting }: Binding): BlockStep {
  const { precision, rows } = kind;
  const { functions } = kernels;
  const { register } = buffers;
  const numberBytes = precision === "f64" ? 8 : 4;
  switch (instruction.do) {
    case "load":
      return loadStep({ ...instruction, isChecked: counting.has(instruction) }, kind, kernels, buffers);
    case "store":
      return storeStep(instruction.a, kind, kernels, buffers);
    case "random": {
      const kernel = functions[`random_${precision}`];
      const { key, stream } = instruction.stream;
      const out = register(instruction.out);
      return (at, n, { start }) => void kernel(out, key[0], key[1], stream, start + at, n);
    }
    case "apply": {
      const run = bindAddresses(
        functions[`${instruction.kernel}_${precision}`],
        [instruction.out, ...instruction.args].map(register),
      );
      return (_, n) => void run(n);
    }
    case "scale": {
      const kernel = functions[`scale_${precision}`];
      const [out, a] = [register(instruction.out), register(instruction.a)];
      const { scalar } = instruction;
      return (_, n) => void kernel(out, a, scalars[scalar], n);
    }
    case "addScaled": {
      const kernel = functions[`addScaled_${precision}`];
      const [out, a, b] = [instruction.out, instruction.a, instruction.b].map(register);
      const { scalar } = instruction;
      return (_, n) => void kernel(out, a, b, scalars[scalar], n);
    }
    case "take": {
      const kernel = functions[`take_${precision}`];
      const [out, a] = [register(instruction.out), register(instruction.a)];
      const { take, threshold } = instruction;
      return (_, n, { left }) => {
        left[take] -= kernel(out, a, scalars[threshold], Math.min(left[take], n), n);
      };
    }
    case "spread": {
      const kernel = functions[`spread_${precision}`];
      const [out, values] = [register(instruction.out), buffers.rowRegister(instruction.row)];
      const { length, inner } = rows ?? WHOLE;
      return (at, n) => void kernel(out, values, at, length, inner, n);
    }
    case "open": {
      const [out, from] = [register(instruction.out), buffers.buffer(instruction.buffer)];
      return (at, n) => copyWithin(kernels, { to: out, from: from + at * numberBytes, bytes: n * numberBytes });
    }
    case "save": {
      const [to, a] = [buffers.buffer(instruction.buffer), register(instruction.a)];
      return (at, n) => copyWithin(kernels, { to: to + at * numberBytes, from: a, bytes: n * numberBytes });
    }
    case "keep":
    case "recall": {
      const kept = keptPlace(kind, buffers, instruction.place);
      const pack = instruction.do === "keep";
      const kernel = functions[`${pack ? "packBits" : "unpackBits"}_${precision}`];
      const values = register(pack ? instruction.a : instruction.out);
      return (at, n, { index }) => void kernel(kept.address + index * kept.bytes + at / 8, values, n);
    }
    case "tally": {
      const table = buffers.tallies[instruction.slot];
      const a = register(instruction.a);
      const { high } = instruction;
      if (high === undefined) {
        const kernel = functions[`tallyHigh_${precision}`];
        return (_, n) => void kernel(table, a, n);
      }
      const kernel = functions[`tallyLow_${precision}`];
      return (_, n) => void kernel(table, a, scalars[high], n);
    }
    case "reduce": {
      const run = bindAddresses(functions[`${instruction.reduction}_${precision}`], instruction.args.map(register));
      const { join } = REDUCTIONS[instruction.reduction];
      const { slot } = instruction;
      return (_, n, { partials }) => {
        partials[slot] = join(partials[slot], run(n));
      };
    }
  }
}

/** Written out by the number of addresses: a call with a spread list costs as much as the kernel's work on a block. */
function bindAddresses(kernel: (...args: number[]) => number, addresses: readonly number[]): (n: number) => number {
  const [a, b, c, d] = addresses;
  switch (addresses.length) {
    case 1:
      return (n) => kernel(a, n);
    case 2:
      return (n) => kernel(a, b, n);
    case 3:
      return (n) => kernel(a, b, c, n);
    case 4:
      return (n) => kernel(a, b, c, d, n);
    default:
      throw new Error(`no kernel works on ${addresses.length} blocks`);
  }
}

function bindRowInstruction(instruction: RowInstruction, { kind, kernels, buffers, scalars }: Binding): RowStep {
  const { precision, rows = WHOLE } = kind;
  const { functions } = kernels;
  const { buffer, rowRegister } = buffers;
  const { length, inner } = rows;
  switch (instruction.do) {
    case "reduce": {
      const kernel = functions[`${ROW_REDUCTIONS[instruction.reduction]}_${precision}`];
      const addresses = [rowRegister(instruction.out), ...instruction.buffers.map(buffer)];
      return ({ count }) => void kernel(...addresses, count / length, length, inner);
    }
    case "rank": {
      const kernel = functions[`rank_${precision}`];
      const [out, from] = [buffer(instruction.out), buffer(instruction.buffer)];
      return ({ count }) => void kernel(out, from, buffers.sortScratch, count, length, inner);
    }
    case "belowRank": {
      const kernel = functions[`belowRank_${precision}`];
      const [out, x, y] = [instruction.out, ...instruction.buffers].map(buffer);
      const { least, spread } = instruction;
      return ({ count }) => void kernel(out, x, y, buffers.sortScratch, count, length, inner, least, spread);
    }
    case "apply": {
      const kernel = functions[`${instruction.kernel}_f64`];
      const addresses = [instruction.out, ...instruction.args].map(rowRegister);
      return ({ count }) => void kernel(...addresses, count / length);
    }
    case "fill": {
      const out = rowRegister(instruction.out);
      const { scalar } = instruction;
      return ({ count }) => void functions.fill_f64(out, scalars[scalar], count / length);
    }
    case "keep":
    case "recall": {
      const kept = keptPlace(kind, buffers, instruction.place);
      const values = rowRegister(instruction.do === "keep" ? instruction.a : instruction.out);
      return ({ index, count }) => {
        const place = kept.address + index * kept.bytes;
        const [to, from] = instruction.do === "keep" ? [place, values] : [values, place];
        copyWithin(kernels, { to, from, bytes: (count / length) * Float64Array.BYTES_PER_ELEMENT });
      };
    }
  }
}

/** Where something kept begins, and its bytes for each granule. */
function keptPlace(kind: JobKind, buffers: JobBuffers, place: number): { address: number; bytes: number } {
  return { address: buffers.kept[place], bytes: keptBytes(kind.pass.kept[place], kind) };
}

/** Copies within the memory: by the kernel, which costs less to call than a view to make. `bytes` is a multiple of 4. */
function copyWithin(
  { functions }: Kernels,
  { to, from, bytes }: { readonly to: number; readonly from: number; readonly bytes: number },
): void {
  functions.store_f32(to, from, bytes / 4);
}

function loadStep(
  { out, model, isChecked }: { readonly out: number; readonly model: number; readonly isChecked: boolean },
  kind: JobKind,
  kernels: Kernels,
  buffers: JobBuffers,
): BlockStep {
  const { precision } = kind;
  const { dtype } = kind.inputs[model];
  const to = buffers.register(out);
  const from = buffers.inputs[model];
  const bytes = dtypeBytes(dtype);
  const load = loader(dtype, precision, kernels);
  if (!isChecked) return (at, n) => void load(to, from + at * bytes, n);
  return (at, n, { nonFinite }) => {
    nonFinite[model] += load(to, from + at * bytes, n);
  };
}

function storeStep(a: number, { output, precision }: JobKind, kernels: Kernels, buffers: JobBuffers): BlockStep {
  if (output === undefined) throw new Error("a pass that stores has no output");
  const { functions } = kernels;
  const { dtype } = output;
  const from = buffers.register(a);
  const bytes = dtypeBytes(dtype);
  const write = functions[`store_${dtype}`];
  const place = (at: number, { stored }: GranuleState): number => buffers.output + (stored + at) * bytes;
  if (precision === "f32") return (at, n, state) => void write(place(at, state), from, n);
  if (dtype === "f64") return (at, n, state) => void functions.loadWide_f64(place(at, state), from, n);
  // Narrowed in place: f64 element i is read before f32 element i is written over it.
  return (at, n, state) => {
    functions.load_f64(from, from, n);
    write(place(at, state), from, n);
  };
}
