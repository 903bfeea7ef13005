import type { TrainingStep } from "../training-step.js";
import type { CoupledParameter } from "./coupling-plan.js";

/** Whether the parts of a step store their coupled parameters in one and the same order. */
export function storedAlike(step: TrainingStep, parameters: readonly CoupledParameter[]): boolean {
  const coupled = new Set(parameters.filter(({ strength }) => strength > 0).map(({ key }) => key));
  const layouts = new Map<string, string>();
  for (const { members } of step.variables) {
    for (const { key, layout } of members) {
      if (coupled.has(key) && (layouts.get(key) ?? layout.id) !== layout.id) return false;
      layouts.set(key, layout.id);
    }
  }
  return true;
}
