import { overLimit } from "../file-errors.js";
import { isPickle, type PickleDict, type PickleObject, type PickleValue } from "../pickle/values.js";
import { isTensor } from "./parse-tensor.js";

/** A tensor of a state dict, still as the pickle describes it. */
export interface StateItem {
  readonly key: string;
  readonly tensor: PickleObject;
  readonly kind?: "parameter" | "buffer";
}

/**
 * What walking modules may cost in all. Modules can share children, so a small file can describe a walk without
 * end.
 */
export interface WalkBudget {
  readonly name: string;
  /** Modules and tensors still to be visited. */
  visits: number;
  /** Characters of keys still to be made. */
  characters: number;
}

/** The largest models in use have some hundred thousand tensors. */
const MAX_VISITS = 2_000_000;
const MAX_KEY_CHARACTERS = 2 ** 26;
/** Deeper than any network; guards the stack against modules that contain themselves. */
const MAX_MODULE_DEPTH = 200;

export const walkBudget = (name: string): WalkBudget => ({
  name,
  visits: MAX_VISITS,
  characters: MAX_KEY_CHARACTERS,
});

function spendVisit(budget: WalkBudget, key: string, depth: number): void {
  budget.visits--;
  budget.characters -= key.length;
  if (budget.visits < 0 || budget.characters < 0 || depth > MAX_MODULE_DEPTH) {
    throw overLimit(budget.name, "its modules contain each other without end, or are too many");
  }
}

/** Attributes of an instance. */
export function attributesOf(value: PickleValue | undefined): PickleDict | undefined {
  if (!isPickle(value, "object")) return undefined;
  const { state } = value;
  // Classes with slots have a pair of dicts, the attributes first.
  const attributes = isPickle(state, "tuple") ? state.items[0] : state;
  return isPickle(attributes, "dict") ? attributes : undefined;
}

/** The attributes of a pickled `torch.nn.Module`, or `undefined` when the value is not one. */
export function moduleAttributes(value: PickleValue | undefined): PickleDict | undefined {
  const attributes = attributesOf(value);
  const isModule = ["_parameters", "_buffers", "_modules"].every((name) =>
    isPickle(attributes?.items.get(name), "dict"),
  );
  return isModule ? attributes : undefined;
}

/**
 * The state dict of a pickled module, keys in PyTorch's order: its own parameters, its own persistent buffers,
 * then its children.
 *
 * @throws `limit` when modules contain each other
 */
export function collectModule(module: PickleDict, budget: WalkBudget): StateItem[] {
  const items: StateItem[] = [];
  const visit = (attributes: PickleDict, prefix: string, depth: number): void => {
    spendVisit(budget, prefix, depth);
    const own = (group: string, kind: "parameter" | "buffer", leftOut: ReadonlySet<PickleValue>) => {
      for (const [name, tensor] of dictItems(attributes, group)) {
        if (leftOut.has(name) || !isTensor(tensor)) continue;
        const key = `${prefix}${name}`;
        spendVisit(budget, key, depth);
        items.push({ key, tensor, kind });
      }
    };
    own("_parameters", "parameter", new Set());
    const transient = attributes.items.get("_non_persistent_buffers_set");
    own("_buffers", "buffer", isPickle(transient, "set") ? transient.items : new Set());
    for (const [name, child] of dictItems(attributes, "_modules")) {
      const childAttributes = moduleAttributes(child);
      if (childAttributes !== undefined) visit(childAttributes, `${prefix}${name}.`, depth + 1);
    }
  };
  visit(module, "", 0);
  return items;
}

/**
 * The tensors of a TorchScript module, whose attributes are parameters, buffers and children alike.
 *
 * @throws `limit`
 */
export function collectScriptModule(module: PickleValue, budget: WalkBudget): StateItem[] {
  const items: StateItem[] = [];
  const visit = (value: PickleValue, prefix: string, depth: number): void => {
    spendVisit(budget, prefix, depth);
    for (const [name, member] of attributesOf(value)?.items ?? []) {
      if (isTensor(member)) {
        const key = `${prefix}${name}`;
        spendVisit(budget, key, depth);
        items.push({ key, tensor: member });
      } else if (attributesOf(member) !== undefined) visit(member, `${prefix}${name}.`, depth + 1);
    }
  };
  visit(module, "", 0);
  return items;
}

function dictItems(attributes: PickleDict, name: string): Iterable<[PickleValue, PickleValue]> {
  const dict = attributes.items.get(name);
  return isPickle(dict, "dict") ? [...dict.items].filter(([key]) => typeof key === "string") : [];
}
