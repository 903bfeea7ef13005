import type { Checkpoint } from "../checkpoint/checkpoint.js";
import type { FloatDType } from "../tensor/dtype.js";
import type { TensorPlan } from "./plan.js";
import { copyOf } from "./plan-tensor.js";
import { type Role, rolesOf } from "./roles.js";

/**
 * Plans a copy of a checkpoint, as another format or with other numbers.
 *
 * @param options.dtype of floating-point tensors; each one's own unless told. Infinity where a number does not fit
 */
export function planConvert(checkpoint: Checkpoint, options: { readonly dtype?: FloatDType } = {}): TensorPlan {
  const { name, entries, sources, metadata, moduleVersions, notes } = checkpoint;
  const roles = rolesOf(entries);
  const model = { name: "a", file: name, entries, firstSource: 0 };
  return {
    tensors: [...entries.keys()].map((key) => copyOf(key, model, roles.get(key) as Role, options.dtype)),
    sources,
    sourceNames: sources.map(() => name),
    metadata,
    moduleVersions,
    notes: notes.map((note) => `${name}: ${note}`),
    allowNonFinite: true,
  };
}
