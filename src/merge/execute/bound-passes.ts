import type { Kernels } from "../../kernels/load-kernels.js";
import type { Pass } from "../expression/program.js";
import { type BoundPass, bindPass } from "./bind-pass.js";
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
    const { pass } = job.compute as NonNullable<Job["compute"]>;
    const kind = kindOf(job);
    // When memory grows, views on what it was before are lost.
    const known = memory === kernels.memory.buffer ? placed.get(pass)?.get(kind) : undefined;
    if (known !== undefined) return known;
    const buffers = placeBuffers(job, kernels);
    if (memory !== kernels.memory.buffer) {
      memory = kernels.memory.buffer;
      placed = new WeakMap();
    }
    const made = { buffers, ...(await bindPass(job, engine, buffers)) };
    placed.set(pass, (placed.get(pass) ?? new Map<string, PlacedPass>()).set(kind, made));
    return made;
  };
}

/** What binding looks at beside the pass. */
function kindOf({ inputs, output, granule, compute }: Job): string {
  const dtypes = inputs.map(({ dtype }) => dtype).join();
  const { precision, checked, rows } = compute as NonNullable<Job["compute"]>;
  return [dtypes, output?.dtype, granule, precision, checked.join(), rows?.length, rows?.inner].join(" ");
}
