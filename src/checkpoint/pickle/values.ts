/**
 * What a pickle describes, as data. Objects are shared as the pickle shares them, so the graph may hold cycles
 * and one value in many places: whoever walks it keeps track of where it has been.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleTuple
  | PickleList
  | PickleDict
  | PickleSet
  | PickleGlobal
  | PickleObject
  | PicklePersistent;

interface PickleTuple {
  readonly type: "tuple";
  readonly items: readonly PickleValue[];
}

export interface PickleList {
  readonly type: "list";
  readonly items: PickleValue[];
}

/** A `dict`, an `OrderedDict` or a relative. Values that are not primitive are keys by identity. */
export interface PickleDict {
  readonly type: "dict";
  readonly items: Map<PickleValue, PickleValue>;
  /** Attributes set on the dict object itself, as PyTorch's `_metadata` of a state dict. */
  attributes?: PickleValue;
}

interface PickleSet {
  readonly type: "set";
  readonly items: Set<PickleValue>;
}

/** The name of a class or function; nothing is behind it. */
export interface PickleGlobal {
  readonly type: "global";
  readonly module: string;
  readonly name: string;
}

/** An instance of a class, or what an allowed function was asked to build. */
export interface PickleObject {
  readonly type: "object";
  readonly of: PickleGlobal;
  readonly args: readonly PickleValue[];
  /** What the instance was given as its state: usually a dict of attributes. */
  state?: PickleValue;
  /** Present when the instance is also a dict or a list. */
  dict?: PickleDict;
  list?: PickleList;
}

/** Something stored outside of the pickle: a tensor's storage. */
export interface PicklePersistent {
  readonly type: "persistent";
  readonly id: PickleValue;
}

export const isPickle = <T extends string>(
  value: PickleValue | undefined,
  type: T,
): value is Extract<PickleValue, { readonly type: T }> =>
  typeof value === "object" && value !== null && "type" in value && value.type === type;

export const globalName = ({ module, name }: PickleGlobal): string => `${module}.${name}`;
