import type { TensorEntry } from "../checkpoint/checkpoint.js";
import { isFloat } from "../tensor/dtype.js";

/** What a tensor of a state dict is for, which decides how it may be combined. */
export type Role =
  /** Trained. */
  | "parameter"
  /** Mean of the activations that a normalisation saw in training. */
  | "running mean"
  /** Variance of those activations. */
  | "running variance"
  /** Counts batches; means nothing in a mixture. */
  | "counter"
  /** Neither trained nor a statistic: index tables, masks. */
  | "other buffer";

const COUNTER_NAMES = new Set(["num_batches_tracked"]);
/** Names that transformers give to constant tables. */
const CONSTANT_NAMES = new Set(["position_ids", "inv_freq", "relative_position_index", "attn_mask", "token_type_ids"]);

/**
 * Tells roles apart from names, dtypes and neighbours (a running mean has a running variance beside it), or from
 * the file where it says so itself.
 *
 * @returns one role for each entry
 */
export function rolesOf(entries: ReadonlyMap<string, TensorEntry>): Map<string, Role> {
  return new Map([...entries].map(([key, entry]) => [key, roleOf(key, entry, entries)]));
}

function roleOf(key: string, entry: TensorEntry, entries: ReadonlyMap<string, TensorEntry>): Role {
  const dot = key.lastIndexOf(".") + 1;
  const [module, name] = [key.slice(0, dot), key.slice(dot)];
  if (name === "running_mean" && entries.has(`${module}running_var`)) return "running mean";
  if (name === "running_var" && entries.has(`${module}running_mean`)) return "running variance";
  if (!isFloat(entry.dtype)) return COUNTER_NAMES.has(name) ? "counter" : "other buffer";
  if (entry.kind !== undefined) return entry.kind === "parameter" ? "parameter" : "other buffer";
  return CONSTANT_NAMES.has(name) ? "other buffer" : "parameter";
}

export const isStatistic = (role: Role): boolean => role === "running mean" || role === "running variance";
