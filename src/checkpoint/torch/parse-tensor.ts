import { OnebasinError } from "../../core/errors.js";
import type { DType } from "../../tensor/dtype.js";
import { globalName, isPickle, type PickleObject, type PickleValue } from "../pickle/values.js";
import { isSize } from "../tensor-size.js";
import { STORAGE_DTYPES, TORCH_DTYPES } from "./dtypes.js";

/** A storage as a pickle refers to it. */
export interface StorageReference {
  readonly key: string;
  /** Absent for untyped storages, whose elements are bytes. */
  readonly dtype?: DType;
  readonly elements: number;
  /** Where a view into the storage begins, in elements; only files before PyTorch 1.6 have them. */
  readonly viewOffset: number;
}

/** A tensor as a pickle describes it: a window into a storage. Sizes are not yet checked against the file. */
export interface TorchTensor {
  readonly storage: StorageReference;
  readonly dtype: DType;
  /** First element, in elements from the start of the storage. */
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly isParameter: boolean;
}

/** A parameter wraps a tensor, a subclass wraps that: more layers than this are nonsense. */
const MAX_WRAPPERS = 8;

const WRAPPERS: ReadonlySet<string> = new Set(["_rebuild_from_type", "_rebuild_from_type_v2"]);
const PARAMETERS: ReadonlySet<string> = new Set(["_rebuild_parameter", "_rebuild_parameter_with_state"]);
const REBUILDS = /^torch\.(_utils|_tensor|tensor)\._rebuild_/;

/** Whether a value describes a tensor of any kind. */
export function isTensor(value: PickleValue | undefined): value is PickleObject {
  return isPickle(value, "object") && REBUILDS.test(globalName(value.of));
}

/**
 * Reads how a tensor is rebuilt.
 *
 * @throws `bad-file`, `unsupported` (sparse, quantised and the like); the message is a clause without a subject
 */
export function parseTensor(value: PickleObject): TorchTensor {
  let isParameter = false;
  let { name } = value.of;
  let { args } = value;
  for (let depth = 0; depth < MAX_WRAPPERS; depth++) {
    if (PARAMETERS.has(name)) {
      isParameter = true;
      const inner = args[0];
      if (!isTensor(inner)) throw malformed("wraps something that is not a tensor");
      ({ name } = inner.of);
      ({ args } = inner);
    } else if (WRAPPERS.has(name)) {
      const [rebuild, , inner] = args;
      if (!isPickle(rebuild, "global") || !isPickle(inner, "tuple")) throw malformed("has a malformed subclass");
      ({ name } = rebuild);
      args = inner.items;
    } else return parseRebuild(name, args, isParameter);
  }
  throw malformed("is wrapped over and over");
}

const malformed = (clause: string) => new OnebasinError("bad-file", clause);

function parseRebuild(name: string, args: readonly PickleValue[], isParameter: boolean): TorchTensor {
  if (!["_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3"].includes(name)) {
    throw new OnebasinError("unsupported", `is not an ordinary tensor (it is rebuilt by ${name})`, {
      hint: "onebasin reads dense tensors: convert sparse, quantised and nested ones before saving.",
    });
  }
  const [storageValue, offset, shapeValue, strideValue] = args;
  const storage = parseStorage(storageValue);
  const shape = sizesOf(shapeValue);
  const strides = sizesOf(strideValue);
  if (!isSize(offset) || shape === undefined || strides === undefined || shape.length !== strides.length) {
    throw malformed("has a malformed shape, stride or offset");
  }
  const isV3 = name === "_rebuild_tensor_v3";
  refuseLazyBits(args[isV3 ? 7 : 6]);
  const dtype = isV3 ? parseDtype(args[6]) : storage.dtype;
  if (dtype === undefined) throw malformed("has no dtype");
  return { storage, dtype, offset, shape, strides, isParameter };
}

/** Conjugation and negation that PyTorch has put off: the stored numbers are not the tensor's. */
function refuseLazyBits(metadata: PickleValue | undefined): void {
  if (!isPickle(metadata, "dict")) return;
  for (const bit of ["conj", "neg"]) {
    if (metadata.items.get(bit) !== true) continue;
    throw new OnebasinError("unsupported", `is stored as a lazy ${bit} view`, {
      hint: "Call resolve_conj() and resolve_neg() on it before saving.",
    });
  }
}

function parseStorage(value: PickleValue | undefined): StorageReference {
  const id = isPickle(value, "persistent") && isPickle(value.id, "tuple") ? value.id.items : [];
  const [tag, type, key, , elements, view] = id;
  if (tag !== "storage" || !isPickle(type, "global") || !isSize(elements)) throw malformed("has a malformed storage");
  if (typeof key !== "string" && !isSize(key)) throw malformed("has a malformed storage key");
  const untyped = type.name.endsWith("UntypedStorage");
  if (!untyped && !Object.hasOwn(STORAGE_DTYPES, type.name)) {
    throw new OnebasinError("unsupported", `has the storage type ${type.name}`, {
      hint: "onebasin reads dense tensors of ordinary dtypes.",
    });
  }
  const viewOffset = isPickle(view, "tuple") ? view.items[1] : 0;
  if (!isSize(viewOffset)) throw malformed("has a malformed storage view");
  return { key: String(key), dtype: untyped ? undefined : STORAGE_DTYPES[type.name], elements, viewOffset };
}

function parseDtype(value: PickleValue | undefined): DType {
  const name = isPickle(value, "global") && value.module === "torch" ? value.name : "";
  if (Object.hasOwn(TORCH_DTYPES, name)) return TORCH_DTYPES[name];
  throw new OnebasinError("unsupported", name === "" ? "has no dtype" : `has dtype torch.${name}`, {
    hint: `onebasin reads ${Object.keys(TORCH_DTYPES).join(", ")}.`,
  });
}

/** A tuple or `torch.Size` of sizes. */
function sizesOf(value: PickleValue | undefined): number[] | undefined {
  const inner = isPickle(value, "object") && globalName(value.of) === "torch.Size" ? value.args[0] : value;
  if (!isPickle(inner, "tuple") && !isPickle(inner, "list")) return undefined;
  return inner.items.every(isSize) ? (inner.items as number[]) : undefined;
}
