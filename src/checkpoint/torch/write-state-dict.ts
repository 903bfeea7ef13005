import { type DType, dtypeBytes } from "../../tensor/dtype.js";
import { contiguousStrides, elementCount, type Shape } from "../../tensor/shape.js";
import type { OutputTensor } from "../layout.js";
import { createPickleWriter, OP, type PickleWriter } from "../pickle/pickle-writer.js";
import { STORAGE_DTYPES, TORCH_DTYPES } from "./dtypes.js";

/** A tensor of the output and the key of the storage it fills. */
export interface StoredTensor extends OutputTensor {
  readonly storageKey: string;
}

/** Items set at a time, as Python's pickler does; readers keep one batch on their stack. */
const BATCH = 1000;

const STORAGE_NAMES = new Map(Object.entries(STORAGE_DTYPES).map(([name, dtype]) => [dtype, name]));
const DTYPE_NAMES = new Map(Object.entries(TORCH_DTYPES).map(([name, dtype]) => [dtype, name]));

/**
 * The pickle of a state dict as `torch.save` writes it, an `OrderedDict` of tensors; `torch.load` accepts it with
 * `weights_only=True`.
 */
export function writeStateDict(
  tensors: readonly StoredTensor[],
  moduleVersions: ReadonlyMap<string, number> | undefined,
): Uint8Array {
  const writer = createPickleWriter();
  writeOrderedDict(writer, tensors, (tensor) => {
    writer.text(tensor.key);
    writeTensor(writer, tensor);
  });
  if (moduleVersions !== undefined) writeModuleVersions(writer, moduleVersions);
  return writer.finish();
}

function writeOrderedDict<T>(writer: PickleWriter, items: readonly T[], writeItem: (item: T) => void): void {
  writer.global("collections", "OrderedDict");
  writer.code(OP.emptyTuple, OP.reduce);
  for (let start = 0; start < items.length; start += BATCH) {
    writer.code(OP.mark);
    for (const item of items.slice(start, start + BATCH)) writeItem(item);
    writer.code(OP.setItems);
  }
}

function writeTensor(writer: PickleWriter, { dtype, shape, storageKey }: StoredTensor): void {
  // Dtypes that came to PyTorch after typed storages had gone are rebuilt from bytes.
  const storageName = STORAGE_NAMES.get(dtype);
  writer.global("torch._utils", storageName === undefined ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2");
  writer.code(OP.mark);
  writeStorage(writer, { dtype, shape, storageKey, storageName });
  writer.integer(0);
  writeSizes(writer, shape);
  writeSizes(writer, contiguousStrides(shape));
  writer.boolean(false);
  writeOrderedDict(writer, [], () => {});
  if (storageName === undefined) writer.global("torch", DTYPE_NAMES.get(dtype) ?? dtype);
  writer.code(OP.tuple, OP.reduce);
}

interface StorageFacts {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly storageKey: string;
  readonly storageName: string | undefined;
}

function writeStorage(writer: PickleWriter, { dtype, shape, storageKey, storageName }: StorageFacts): void {
  writer.code(OP.mark);
  writer.text("storage");
  if (storageName === undefined) writer.global("torch.storage", "UntypedStorage");
  else writer.global("torch", storageName);
  writer.text(storageKey);
  writer.text("cpu");
  writer.integer(elementCount(shape) * (storageName === undefined ? dtypeBytes(dtype) : 1));
  writer.code(OP.tuple, OP.persistentId);
}

function writeSizes(writer: PickleWriter, sizes: readonly number[]): void {
  writer.code(OP.mark);
  for (const size of sizes) writer.integer(size);
  writer.code(OP.tuple);
}

/** Sets the attribute `_metadata` on the dict: `OrderedDict({"": {"version": 1}, …})`. */
function writeModuleVersions(writer: PickleWriter, moduleVersions: ReadonlyMap<string, number>): void {
  writer.code(OP.emptyDict, OP.mark);
  writer.text("_metadata");
  writeOrderedDict(writer, [...moduleVersions], ([module, version]) => {
    writer.text(module);
    writer.code(OP.emptyDict, OP.mark);
    writer.text("version");
    writer.integer(version);
    writer.code(OP.setItems);
  });
  writer.code(OP.setItems, OP.build);
}
