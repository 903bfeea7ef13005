import type { Kernels } from "../../kernels/load-kernels.js";
import type { Pass } from "../expression/program.js";
import { type BoundPass, bindPass, type JobKind } from "./bind-pass.js";
import { createLoopCompiler } from "./fused/compile-loop.js";
import type { Job } from "./job.js";
import { type JobBuffers, placeBuffers } from "./job-buffers.js";

/** A pass bound to buffers, which serve all jobs of its kind. */
export interface PlacedPass extends BoundPass {
  readonly buffers: JobBuffers;
}

/** Makes a function that finds room for a job and binds its pass: once for all jobs of a kind, as tensors are much alike. */
export function createPassPlacer(kernels: Kernels): (job: Job) => Promise<PlacedPass> {
  const engine = { kernels, compileLoop: createLoopCompiler(kernels.memory) };
  let memory = kernels.memory.buffer;
  let placed = new WeakMap<Pass, Map<string, PlacedPass>>();
  return async (job) => {
    const kind = kindOf(job);
    const { pass } = kind;
    const key = keyOf(kind);
    // When memory grows, views on what it was before are lost.
    const known = memory === kernels.memory.buffer ? placed.get(pass)?.get(key) : undefined;
    if (known !== undefined) return known;
    const buffers = placeBuffers(job, kernels);
    if (memory !== kernels.memory.buffer) {
      memory = kernels.memory.buffer;
      placed = new WeakMap();
    }
    const made = { buffers, ...(await bindPass(kind, engine, buffers)) };
    placed.set(pass, (placed.get(pass) ?? new Map<string, PlacedPass>()).set(key, made));
    return made;
  };
}

/** Of a job, only what binding looks at: nothing else is held on to by what is bound. */
function kindOf({ inputs, output, granule, compute }: Job): JobKind {
  const { pass, precision, checked, rows } = compute as NonNullable<Job["compute"]>;
  return {
    pass,
    precision,
    checked,
    rows,
    inputs: inputs.map(({ dtype }) => ({ dtype })),
    output: output && { dtype: output.dtype },
    granule,
  };
}

/** Tells kinds of one pass apart. */
const keyOf = (kind: JobKind): string => JSON.stringify({ ...kind, pass: undefined });
