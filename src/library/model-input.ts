import type { Checkpoint } from "../checkpoint/checkpoint.js";
import { stateDictCheckpoint } from "../checkpoint/state-dict-checkpoint.js";
import { OnebasinError } from "../core/errors.js";
import type { TensorPlan } from "../merge/plan.js";
import { planConvert } from "../merge/plan-convert.js";
import type { FloatDType } from "../tensor/dtype.js";
import type { StateDict } from "../tensor/tensor.js";

/** A model: where its checkpoint is, or one that is open already, or a state dict in memory. */
export type ModelInput<Address> = Address | Checkpoint | StateDict;

/** How checkpoints are found where the program runs: by path in Node, as `Blob` or URL in a page. */
export interface Locator<Address> {
  /** What an address is, for messages: `a path`. */
  readonly what: string;
  readonly isAddress: (input: unknown) => input is Address;
  readonly open: (address: Address) => Promise<Checkpoint>;
}

/**
 * The checkpoint that an input stands for. Nothing is copied.
 *
 * @param name how messages and formulas call a model that has no name of its own
 * @throws `usage` when the input is nothing of the kind; and as opening does
 */
export async function asCheckpoint<Address>(
  input: ModelInput<Address>,
  name: string,
  locator: Locator<Address>,
): Promise<Checkpoint> {
  if (locator.isAddress(input)) return locator.open(input);
  if (input instanceof Map) return stateDictCheckpoint(name, input);
  if (isObject(input) && "entries" in input && "sources" in input) return input as Checkpoint;
  throw new OnebasinError(
    "usage",
    `Model "${name}" is ${kindOf(input)}; expected ${locator.what}, a checkpoint or a state dict.`,
  );
}

/**
 * The plan that an input stands for: a merge as it is, a checkpoint as a copy of itself.
 *
 * @param options.dtype of floating-point tensors, when the input is no plan yet
 */
export async function asPlan<Address>(
  input: TensorPlan | ModelInput<Address>,
  locator: Locator<Address>,
  options: { readonly dtype?: FloatDType } = {},
): Promise<TensorPlan> {
  if (isObject(input) && "tensors" in input) return input as TensorPlan;
  return planConvert(await asCheckpoint(input as ModelInput<Address>, "a", locator), options);
}

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null;

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  return Array.isArray(value) ? "a list" : "an object";
}
