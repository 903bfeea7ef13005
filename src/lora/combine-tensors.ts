import { stateDictCheckpoint } from "../checkpoint/state-dict-checkpoint.js";
import { readPlan } from "../merge/execute/read-plan.js";
import { modelName } from "../merge/model-name.js";
import { planMerge } from "../merge/plan-merge.js";
import type { FloatDType } from "../tensor/dtype.js";
import type { Tensor } from "../tensor/tensor.js";
import type { AdapterMethod } from "./adapter-methods.js";

/** How tensors of several adapters become one. */
export interface CombineOptions {
  /** Names the tensor in messages, and decides what random numbers it gets. */
  readonly key: string;
  /** What messages call the tensors. */
  readonly names: readonly string[];
  readonly weights: readonly number[];
  readonly dtype?: FloatDType;
  /** Share of elements that are kept, where the method thins out. */
  readonly density?: number;
  /** How the sign of an element is elected, for TIES. */
  readonly election?: "total" | "frequency";
  readonly seed?: number;
}

/**
 * Combines tensors as task vectors of their own, by the rules of PEFT: signs are elected without weights, sums are
 * divided by the count of what was kept, random dropping by the density.
 *
 * @throws `non-finite`
 */
export async function combineTensors(
  tensors: readonly Tensor[],
  method: AdapterMethod,
  { key, names, weights, dtype, density, election, seed }: CombineOptions,
): Promise<Tensor> {
  const checkpointOf = (name: string, tensor: Tensor) => stateDictCheckpoint(name, new Map([[key, tensor]]));
  const [{ shape, bytes, dtype: stored }] = tensors;
  const nothing: Tensor = { dtype: stored, shape, bytes: new Uint8Array(bytes.byteLength) };
  const plan = planMerge(
    tensors.map((tensor, i) => ({ name: modelName(i), checkpoint: checkpointOf(names[i], tensor) })),
    {
      method: method.by,
      base: checkpointOf("base", nothing),
      weights,
      params: method.thins ? { profile: "peft", density, election } : {},
      dtype,
      seed,
    },
  );
  return (await readPlan(plan)).get(key) as Tensor;
}
