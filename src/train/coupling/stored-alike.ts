import type { StateLayout } from "../../network/state-layout.js";
import { sameShape } from "../../tensor/shape.js";
import type { TrainingStep } from "../training-step.js";
import type { CoupledParameter } from "./coupling-plan.js";

/** Whether the parts of a step store their coupled parameters in one and the same order. */
export function storedAlike(step: TrainingStep, parameters: readonly CoupledParameter[]): boolean {
  const coupled = new Set(parameters.filter(({ strength }) => strength > 0).map(({ key }) => key));
  const first = new Map<string, StateLayout>();
  for (const { members, slot } of step.variables) {
    for (const { key, layout } of members) {
      if (slot !== undefined || !coupled.has(key)) continue;
      const known = first.get(key);
      if (known === undefined) first.set(key, layout);
      else if (!sameLayout(known, layout)) return false;
    }
  }
  return true;
}

function sameLayout(a: StateLayout, b: StateLayout): boolean {
  if (!sameShape(a.shape, b.shape) || a.order?.length !== b.order?.length) return false;
  return a.order === undefined || a.order.every((place, index) => place === b.order![index]);
}
