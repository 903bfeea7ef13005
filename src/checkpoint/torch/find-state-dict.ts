import { OnebasinError } from "../../core/errors.js";
import { unknownName } from "../../core/suggest.js";
import { badFile } from "../file-errors.js";
import { isPickle, type PickleDict, type PickleValue } from "../pickle/values.js";
import {
  attributesOf,
  collectModule,
  collectScriptModule,
  moduleAttributes,
  type StateItem,
  type WalkBudget,
  walkBudget,
} from "./collect-module.js";
import { isTensor } from "./parse-tensor.js";

/** A state dict found in a pickle. */
export interface FoundStateDict {
  /** Where it lies: `ema.model`; empty when it is the whole file. */
  readonly path: string;
  readonly items: readonly StateItem[];
  readonly moduleVersions?: ReadonlyMap<string, number>;
  /** Keys whose values are not tensors. */
  readonly leftOut: readonly string[];
}

export interface FindOptions {
  readonly name: string;
  readonly entry?: string;
  readonly isTorchScript: boolean;
}

/** Training checkpoints nest two or three levels; deeper than this nobody looks for a model. */
const MAX_SEARCH_DEPTH = 16;
/** State dicts shown of a file that holds many. */
const MAX_LISTED = 20;
/** Beside a model lie an optimizer's moments, which look like one. */
const NOT_A_MODEL = /optim|sched|scaler|(^|_)rng/i;

/**
 * Finds the state dict in what a file holds: the value itself, a pickled module, or either of them nested in a
 * training checkpoint.
 *
 * @throws `bad-argument` when several are there and `entry` does not choose, `unknown-name` when `entry` is not
 *   there, `bad-file` when there is none
 */
export function findStateDict(value: PickleValue, options: FindOptions): FoundStateDict {
  const budget = walkBudget(options.name);
  const chosen = options.entry === undefined ? value : valueAt(value, options.entry);
  if (chosen === undefined) {
    const known = candidatesIn(value, "", budget).flatMap(({ path }) => (path === "" ? [] : [path]));
    if (known.length === 0) throw noEntries(options.name, options.entry ?? "");
    throw unknownName(`entry in ${options.name} named`, options.entry ?? "", known);
  }
  if (options.isTorchScript) return { path: "", items: collectScriptModule(chosen, budget), leftOut: [] };
  const path = options.entry ?? "";
  const bare = bareTensors(chosen, path);
  if (bare !== undefined) return bare;
  const candidates = candidatesIn(chosen, path, budget);
  if (candidates.length === 1) return candidates[0];
  throw candidates.length === 0 ? nothingFound(options.name) : severalFound(options.name, candidates);
}

function noEntries(name: string, entry: string): OnebasinError {
  return new OnebasinError("unknown-name", `There is no entry in ${name} named "${entry}": it is no nested file.`, {
    hint: "Leave --entry out.",
    details: { name, entry },
  });
}

function nothingFound(name: string): OnebasinError {
  return new OnebasinError("bad-file", `${name} holds no state dict: no model was found in it.`, {
    hint: "Save one with torch.save(model.state_dict(), path). Optimizer state is not taken for a model.",
    details: { name },
  });
}

function severalFound(name: string, candidates: readonly FoundStateDict[]): OnebasinError {
  const list = candidates.slice(0, MAX_LISTED).map(({ path, items }) => `\n  ${path} (${items.length} tensors)`);
  if (candidates.length > MAX_LISTED) list.push(`\n  … and ${candidates.length - MAX_LISTED} more`);
  return new OnebasinError("bad-argument", `${name} holds ${candidates.length} state dicts:${list.join("")}`, {
    hint: `Choose one: --entry ${candidates[0].path}`,
    details: { name, entries: candidates.slice(0, MAX_LISTED).map(({ path }) => path) },
  });
}

/** A lone tensor, a list of tensors or an empty dict, which counts only where it is the whole file or was asked for. */
function bareTensors(value: PickleValue, path: string): FoundStateDict | undefined {
  // The state dict of a module without parameters.
  if (isPickle(value, "dict") && value.items.size === 0) return { path, items: [], leftOut: [] };
  if (isTensor(value)) return { path, items: [{ key: "tensor", tensor: value }], leftOut: [] };
  if (!isPickle(value, "list") && !isPickle(value, "tuple")) return undefined;
  const items = value.items.flatMap((tensor, i) => (isTensor(tensor) ? [{ key: String(i), tensor }] : []));
  return items.length > 0 && items.length === value.items.length ? { path, items, leftOut: [] } : undefined;
}

function candidatesIn(root: PickleValue, rootPath: string, budget: WalkBudget): FoundStateDict[] {
  const seen = new Set<PickleValue>();
  const search = (value: PickleValue, path: string, depth: number): FoundStateDict[] => {
    if (typeof value !== "object" || value === null || seen.has(value) || depth > MAX_SEARCH_DEPTH) return [];
    seen.add(value);
    const module = moduleAttributes(value);
    if (module !== undefined) {
      const items = collectModule(module, budget);
      return items.length > 0 ? [{ path, items, leftOut: [] }] : [];
    }
    const members = [...membersOf(value)];
    if (isOptimizer(value)) return [];
    const nested = members.flatMap(([name, member]) =>
      isTensor(member) || NOT_A_MODEL.test(name)
        ? []
        : search(member, path === "" ? name : `${path}.${name}`, depth + 1),
    );
    const own = isPickle(value, "dict") ? members.filter(([, member]) => isTensor(member)).length : 0;
    // Loose tensors beside a model (a counter, random states) are not one; extra state inside a model is not either.
    if (own > nested.reduce((most, { items }) => Math.max(most, items.length), 0))
      return [plainStateDict(value as PickleDict, path, budget)];
    return nested;
  };
  return search(root, rootPath, 0);
}

function isOptimizer(value: PickleValue): boolean {
  return isPickle(value, "dict") && value.items.has("param_groups") && value.items.has("state");
}

function plainStateDict(dict: PickleDict, path: string, budget: WalkBudget): FoundStateDict {
  const items = new Map<string, StateItem>();
  const leftOut: string[] = [];
  for (const [name, tensor] of dict.items) {
    const key = typeof name === "string" || typeof name === "number" ? String(name) : undefined;
    if (key === undefined || !isTensor(tensor)) {
      leftOut.push(key ?? "a key that is not text");
      continue;
    }
    if (items.has(key)) throw badFile(budget.name, `its key ${key} is there as text and as a number`);
    items.set(key, { key, tensor });
  }
  return { path, items: [...items.values()], leftOut, moduleVersions: moduleVersionsOf(dict) };
}

/** The `_metadata` attribute that PyTorch gives a state dict: the version of each module's own format. */
function moduleVersionsOf({ attributes }: PickleDict): ReadonlyMap<string, number> | undefined {
  const metadata = isPickle(attributes, "dict") ? attributes.items.get("_metadata") : undefined;
  if (!isPickle(metadata, "dict")) return undefined;
  const versions = new Map<string, number>();
  for (const [module, facts] of metadata.items) {
    const version = isPickle(facts, "dict") ? facts.items.get("version") : undefined;
    if (typeof module === "string" && typeof version === "number") versions.set(module, version);
  }
  return versions;
}

/** Named parts of a container: members of a dict, attributes of an instance, items of a list by index. */
function* membersOf(value: PickleValue): Generator<[string, PickleValue]> {
  if (isPickle(value, "list") || isPickle(value, "tuple")) {
    for (const [i, item] of value.items.entries()) yield [String(i), item];
    return;
  }
  const dicts = isPickle(value, "dict") ? [value] : isPickle(value, "object") ? [value.dict, attributesOf(value)] : [];
  for (const dict of dicts) {
    for (const [name, member] of dict?.items ?? []) {
      if (typeof name === "string" || typeof name === "number") yield [String(name), member];
    }
  }
}

/** The value at a path such as `ema.model`; names may hold dots themselves. */
function valueAt(value: PickleValue, path: string): PickleValue | undefined {
  for (const [name, member] of membersOf(value)) {
    if (name === path) return member;
    if (name === "" || !path.startsWith(`${name}.`)) continue;
    const found = valueAt(member, path.slice(name.length + 1));
    if (found !== undefined) return found;
  }
  return undefined;
}
