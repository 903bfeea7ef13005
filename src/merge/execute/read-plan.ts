import { dtypeBytes } from "../../tensor/dtype.js";
import { elementCount } from "../../tensor/shape.js";
import type { StateDict } from "../../tensor/tensor.js";
import type { TensorPlan } from "../plan.js";
import { createMemoryTarget } from "./memory-target.js";
import { writePlan } from "./write-plan.js";

/**
 * Carries out a plan in memory, on this thread.
 *
 * @throws as `writePlan`
 */
export async function readPlan(plan: TensorPlan, options: { readonly signal?: AbortSignal } = {}): Promise<StateDict> {
  const sizes = plan.tensors.map(({ dtype, shape }) => elementCount(shape) * dtypeBytes(dtype));
  const target = createMemoryTarget(sizes);
  const layout = {
    files: plan.tensors.map(({ key }, i) => ({ name: key, size: sizes[i], segments: [] })),
    placements: new Map(plan.tensors.map(({ key }, file) => [key, { file, position: 0 }])),
  };
  await writePlan(plan, { layout, target, signal: options.signal });
  return new Map(plan.tensors.map(({ key, dtype, shape }, i) => [key, { dtype, shape, bytes: target.files[i] }]));
}
