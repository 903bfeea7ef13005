import { quoted } from "../file-errors.js";
import { checkCallable } from "./globals.js";
import { COST_OF_NEW, type Machine, pickleError, spend } from "./machine.js";
import {
  globalName,
  isPickle,
  type PickleDict,
  type PickleGlobal,
  type PickleList,
  type PickleObject,
  type PickleValue,
} from "./values.js";

/**
 * REDUCE and its relatives: what calling `callable` with `args` describes. Nothing is called.
 *
 * @throws `unsafe-file` for anything that is not known to only build data
 */
export function buildCall(machine: Machine, callable: PickleValue, args: readonly PickleValue[]): PickleValue {
  if (!isPickle(callable, "global")) throw pickleError(machine, "calls something that has no name");
  checkCallable(callable, machine.name);
  const name = globalName(callable);
  return (BUILDERS[name] ?? buildObject)(machine, callable, args);
}

type Builder = (machine: Machine, callable: PickleGlobal, args: readonly PickleValue[]) => PickleValue;

const buildObject: Builder = (_, of, args): PickleObject => ({ type: "object", of, args });

const buildDict: Builder = (machine, _, [pairs]) => {
  const dict: PickleDict = { type: "dict", items: new Map() };
  if (isPickle(pairs, "dict")) {
    spend(machine, pairs.items.size);
    for (const [key, value] of pairs.items) dict.items.set(key, value);
  } else if (isPickle(pairs, "list") || isPickle(pairs, "tuple")) {
    spend(machine, pairs.items.length);
    for (const pair of pairs.items) {
      if (!(isPickle(pair, "tuple") || isPickle(pair, "list")) || pair.items.length !== 2) {
        throw pickleError(machine, "makes a dict of something that is not pairs");
      }
      dict.items.set(pair.items[0], pair.items[1]);
    }
  }
  return dict;
};

const buildSet: Builder = (machine, _, [items]) => {
  if (!(isPickle(items, "list") || isPickle(items, "tuple"))) return { type: "set", items: new Set() };
  spend(machine, items.items.length);
  return { type: "set", items: new Set(items.items) };
};

/** Python 2's way to write bytes: text whose characters are the bytes. */
const buildEncoded: Builder = (machine, callable, args) => {
  const [text, encoding] = args;
  if (typeof text !== "string" || (encoding !== "latin1" && encoding !== "latin-1")) {
    return buildObject(machine, callable, args);
  }
  spend(machine, text.length);
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
};

/** `copyreg._reconstructor(cls, base, state)`: an instance as protocols 0 and 1 write it. */
const buildReconstructed: Builder = (machine, _, [of]) => buildInstance(machine, of, []);

const BUILDERS: Readonly<Record<string, Builder | undefined>> = {
  "collections.OrderedDict": buildDict,
  "builtins.dict": buildDict,
  "__builtin__.dict": buildDict,
  "collections.Counter": buildDict,
  "collections.defaultdict": () => ({ type: "dict", items: new Map() }),
  "builtins.set": buildSet,
  "__builtin__.set": buildSet,
  "builtins.frozenset": buildSet,
  "__builtin__.frozenset": buildSet,
  "_codecs.encode": buildEncoded,
  "copyreg._reconstructor": buildReconstructed,
  "copy_reg._reconstructor": buildReconstructed,
};

/** NEWOBJ: an instance of any class, as an empty shell without the class. */
export function buildInstance(machine: Machine, of: PickleValue, args: readonly PickleValue[]): PickleValue {
  if (!isPickle(of, "global")) throw pickleError(machine, "makes an instance of something that is not a class");
  if (globalName(of) === "collections.OrderedDict") return { type: "dict", items: new Map() };
  return { type: "object", of, args };
}

/** BUILD: gives an instance its state. */
export function buildState(machine: Machine, instance: PickleValue, state: PickleValue): void {
  if (isPickle(instance, "object")) instance.state = state;
  else if (isPickle(instance, "dict")) instance.attributes = state;
  else if (!isPickle(instance, "set")) throw pickleError(machine, `gives a state to ${describe(instance)}`);
}

/** The dict that items are set in: of a dict itself, or of an instance that is one. */
export function dictOf(machine: Machine, value: PickleValue): PickleDict {
  if (isPickle(value, "dict")) return value;
  if (!isPickle(value, "object")) throw pickleError(machine, `sets items of ${describe(value)}`);
  if (value.dict === undefined) {
    spend(machine, COST_OF_NEW.dict);
    value.dict = { type: "dict", items: new Map() };
  }
  return value.dict;
}

/** The list that items are appended to: a list itself, or of an instance that is one. */
export function listOf(machine: Machine, value: PickleValue): PickleList {
  if (isPickle(value, "list")) return value;
  if (!isPickle(value, "object")) throw pickleError(machine, `appends to ${describe(value)}`);
  if (value.list === undefined) {
    spend(machine, COST_OF_NEW.list);
    value.list = { type: "list", items: [] };
  }
  return value.list;
}

function describe(value: PickleValue): string {
  if (typeof value === "string") return quoted(value);
  if (typeof value !== "object" || value === null) return String(value);
  return value instanceof Uint8Array ? "bytes" : `a ${value.type}`;
}
