import { OnebasinError, throwProblems } from "../../core/errors.js";
import { dtypeBytes } from "../../tensor/dtype.js";
import { contiguousStrides, elementCount, shapeText } from "../../tensor/shape.js";
import type { ByteSource } from "../byte-source.js";
import type { Checkpoint, TensorEntry } from "../checkpoint.js";
import { quoted } from "../file-errors.js";
import type { ReadOptions } from "../format.js";
import { leftOutNotes } from "../left-out.js";
import { checkedTensorBytes } from "../tensor-size.js";
import type { LocatedStorages, TorchArchive } from "./archive.js";
import type { StateItem } from "./collect-module.js";
import { type FoundStateDict, findStateDict } from "./find-state-dict.js";
import { parseTensor, type TorchTensor } from "./parse-tensor.js";
import { readLegacyArchive } from "./read-legacy-archive.js";
import { readZipArchive } from "./read-zip-archive.js";

/**
 * A tensor may repeat its storage (stride 0) and so be larger than the file. This much and no more: it is what
 * the output would take on the disk.
 */
const MAX_EXPANDED_BYTES = 2 ** 34;

const ZIP_MAGIC = "PK";

/**
 * Reads a file of `torch.save`: a state dict, a training checkpoint that holds one, or a whole module. The file's
 * code is never run.
 *
 * @throws `bad-file`, `unsafe-file` when the file asks to run code, `unsupported`, `limit`, `bad-argument` and
 *   `unknown-name` about `entry`
 */
export async function readTorch(source: ByteSource, { entry }: ReadOptions): Promise<Checkpoint> {
  const magic = await source.read(0, Math.min(ZIP_MAGIC.length, source.size));
  const isZip = String.fromCharCode(...magic) === ZIP_MAGIC;
  const archive = await (isZip ? readZipArchive(source) : readLegacyArchive(source));
  const found = findStateDict(archive.value, { name: source.name, entry, isTorchScript: archive.isTorchScript });
  const { entries, sources } = await placeTensors(source.name, found, archive);
  return {
    name: source.name,
    format: "torch",
    sources,
    entries,
    metadata: archive.metadata,
    moduleVersions: found.moduleVersions,
    notes: notesOn(found, entry),
  };
}

interface ParsedItem extends StateItem {
  readonly parsed: TorchTensor;
}

async function placeTensors(name: string, { items }: FoundStateDict, archive: TorchArchive) {
  const problems: OnebasinError[] = [];
  const attempt = <T>(key: string, work: () => T): T | undefined => {
    try {
      return work();
    } catch (error) {
      if (!(error instanceof OnebasinError)) throw error;
      const message = `${name}: tensor ${quoted(key)} ${error.message}.`;
      problems.push(new OnebasinError(error.code, message, { hint: error.hint, details: { name, key } }));
      return undefined;
    }
  };
  const parsed = items.flatMap((item): ParsedItem[] => {
    const tensor = attempt(item.key, () => parseTensor(item.tensor));
    return tensor === undefined ? [] : [{ ...item, parsed: tensor }];
  });
  throwProblems(problems, name);
  const storages = await archive.locate(parsed.map((item) => item.parsed.storage));
  const entries = new Map<string, TensorEntry>();
  for (const item of parsed) {
    const entry = attempt(item.key, () => placeTensor(item, storages));
    if (entry !== undefined) entries.set(item.key, entry);
  }
  throwProblems(problems, name);
  return { entries: withTies(entries), sources: storages.sources };
}

function placeTensor({ key, kind, parsed }: ParsedItem, { places }: LocatedStorages): TensorEntry {
  const { storage, dtype, shape, strides } = parsed;
  const refuse = (clause: string) => new OnebasinError("bad-file", clause);
  const place = places.get(storage.key);
  if (place === undefined) throw refuse(`uses storage ${quoted(storage.key)}, which is not there`);
  const bytes = checkedTensorBytes(shape, dtype);
  if (bytes === undefined) throw refuse(`has shape ${shapeText(shape)}, too large to be real`);
  const size = dtypeBytes(dtype);
  const first = storage.viewOffset + parsed.offset;
  const last = shape.reduce((reach, length, axis) => reach + (length - 1) * strides[axis], first);
  const isEmpty = elementCount(shape) === 0;
  if (!isEmpty && !(Number.isSafeInteger(last) && (last + 1) * size <= place.bytes)) {
    throw refuse(`reaches element ${last} of a storage of ${Math.floor(place.bytes / size)}`);
  }
  if (bytes > Math.max(place.bytes, MAX_EXPANDED_BYTES)) throw new OnebasinError("limit", `expands to ${bytes} bytes`);
  const declaredKind = kind ?? (parsed.isParameter ? "parameter" : undefined);
  return {
    key,
    dtype,
    shape,
    source: place.source,
    offset: place.offset + (isEmpty ? 0 : first * size),
    ...(isGapless(parsed) ? {} : { strides }),
    ...(declaredKind === undefined ? {} : { kind: declaredKind }),
  };
}

/** Whether elements lie row by row; the stride of an axis of one element, or of an empty tensor, has no meaning. */
function isGapless({ shape, strides }: TorchTensor): boolean {
  if (elementCount(shape) === 0) return true;
  return contiguousStrides(shape).every((stride, axis) => shape[axis] === 1 || stride === strides[axis]);
}

/** Marks keys that hold the very same numbers in the same storage. */
function withTies(entries: ReadonlyMap<string, TensorEntry>): Map<string, TensorEntry> {
  const identity = (entry: TensorEntry) =>
    [entry.source, entry.offset, entry.dtype, entry.shape.join("x"), entry.strides?.join("x") ?? ""].join(":");
  const counts = new Map<string, number>();
  for (const entry of entries.values()) counts.set(identity(entry), (counts.get(identity(entry)) ?? 0) + 1);
  const tied = (entry: TensorEntry) => elementCount(entry.shape) > 0 && (counts.get(identity(entry)) ?? 0) > 1;
  return new Map([...entries].map(([key, entry]) => [key, tied(entry) ? { ...entry, tie: identity(entry) } : entry]));
}

function notesOn({ path, leftOut }: FoundStateDict, entry: string | undefined): string[] {
  const taken = path !== "" && entry === undefined ? [`The state dict was taken from "${path}".`] : [];
  return [...taken, ...leftOutNotes(leftOut)];
}
