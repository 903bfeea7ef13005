import { readPlan } from "../merge/execute/read-plan.js";
import { closePlan, type TensorPlan } from "../merge/plan.js";
import type { StateDict } from "../tensor/tensor.js";
import { asPlan, type Locator, type ModelInput } from "./model-input.js";

/** Carries out a merge, or reads a checkpoint, into memory. */
export async function readStateDict<Address>(
  model: TensorPlan | ModelInput<Address>,
  locator: Locator<Address>,
): Promise<StateDict> {
  const plan = await asPlan(model, locator);
  try {
    return await readPlan(plan);
  } finally {
    await closePlan(plan);
  }
}
