import { OnebasinError } from "../../core/errors.js";
import { dtypeBytes } from "../../tensor/dtype.js";
import type { ByteSource } from "../byte-source.js";
import { badFile, overLimit, quoted, unsupported } from "../file-errors.js";
import { PICKLE_ENDS_EARLY } from "../pickle/machine.js";
import { type Unpickled, unpickle } from "../pickle/unpickle.js";
import { isPickle, type PickleValue } from "../pickle/values.js";
import { isSize } from "../tensor-size.js";
import { viewOf } from "../zip/records.js";
import { type LocatedStorages, MAX_PICKLE_BYTES, type StoragePlace, type TorchArchive } from "./archive.js";
import { STORAGE_DTYPES } from "./dtypes.js";

/** The first of the pickles in a file of `torch.save` before PyTorch 1.6. */
const MAGIC = 0x1950a86a20f9469cfc6cn;
const PROTOCOL = 1001;
/** Pickles of small models fit into the first read. */
const FIRST_READ = 2 ** 18;
const READ_GROWTH = 8;
/** Each storage begins with its number of elements. */
const COUNT_BYTES = 8;

/**
 * Opens what `torch.save` wrote before PyTorch 1.6, and still does on request: four pickles (magic number,
 * protocol, machine, value), a list of storage keys, then the storages.
 *
 * @throws `bad-file`, `unsafe-file`, `unsupported` for big-endian files, `limit`
 */
export async function readLegacyArchive(source: ByteSource): Promise<TorchArchive> {
  const [value, keys] = await readPickles(source);
  return {
    value: value.value,
    isTorchScript: false,
    metadata: {},
    locate: () => locateStorages(source, value, keys),
  };
}

/** The pickles of the value and of the storage keys. Their length is unknown, so more is read until they end. */
async function readPickles(source: ByteSource): Promise<[Unpickled, Unpickled]> {
  const limit = Math.min(source.size, MAX_PICKLE_BYTES);
  for (let length = Math.min(FIRST_READ, limit); ; length = Math.min(length * READ_GROWTH, limit)) {
    try {
      return parsePickles(await source.read(0, length), source.name);
    } catch (error) {
      const endsEarly = error instanceof OnebasinError && error.details[PICKLE_ENDS_EARLY] === true;
      if (!endsEarly || length === source.size) throw error;
      if (length === limit) throw overLimit(source.name, `its pickle is over the limit of ${MAX_PICKLE_BYTES} bytes`);
    }
  }
}

function parsePickles(bytes: Uint8Array, name: string): [Unpickled, Unpickled] {
  const magic = unpickle(bytes, { name });
  if (magic.value !== MAGIC) {
    throw new OnebasinError("bad-file", `${name} is a Python pickle that PyTorch did not write.`, {
      hint: "Load it with the program that wrote it and save a state dict: torch.save(model.state_dict(), path).",
    });
  }
  const protocol = unpickle(bytes, { name, start: magic.end });
  if (protocol.value !== PROTOCOL) {
    throw unsupported(name, "its version of PyTorch's old format is unknown", "Load and save it again in PyTorch.");
  }
  const machine = unpickle(bytes, { name, start: protocol.end });
  if (isPickle(machine.value, "dict") && machine.value.items.get("little_endian") === false) {
    throw unsupported(
      name,
      "its numbers are in big-endian order",
      "Load and save it again in PyTorch on a common machine.",
    );
  }
  const value = unpickle(bytes, { name, start: machine.end });
  return [value, unpickle(bytes, { name, start: value.end })];
}

async function locateStorages(source: ByteSource, value: Unpickled, keys: Unpickled): Promise<LocatedStorages> {
  if (!isPickle(keys.value, "list")) throw badFile(source.name, "its list of storages is malformed");
  const elementBytes = storageElementBytes(value);
  const places = new Map<string, StoragePlace>();
  let at = keys.end;
  for (const keyValue of keys.value.items) {
    const key = String(keyValue);
    const size = elementBytes.get(key);
    if (size === undefined || places.has(key)) {
      throw badFile(
        source.name,
        `its list of storages names ${quoted(key)}, which no tensor uses or which was there before`,
      );
    }
    const count = Number(viewOf(await source.read(at, COUNT_BYTES)).getBigUint64(0, true));
    const bytes = count * size;
    const offset = at + COUNT_BYTES;
    if (!isSize(bytes) || offset + bytes > source.size) {
      throw badFile(source.name, `it ends early: storage ${quoted(key)} of ${count} elements reaches past its end`);
    }
    places.set(key, { source: 0, offset, bytes });
    at = offset + bytes;
  }
  return { sources: [source], places };
}

/** Bytes per element of every storage, by key: the file gives their lengths in elements. */
function storageElementBytes({ persistent }: Unpickled): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const { id } of persistent) {
    const [, type, key]: readonly (PickleValue | undefined)[] = isPickle(id, "tuple") ? id.items : [];
    if (!isPickle(type, "global")) continue;
    sizes.set(String(key), Object.hasOwn(STORAGE_DTYPES, type.name) ? dtypeBytes(STORAGE_DTYPES[type.name]) : 1);
  }
  return sizes;
}
