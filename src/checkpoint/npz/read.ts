import { type OnebasinError, throwProblems } from "../../core/errors.js";
import { elementCount, shapeText } from "../../tensor/shape.js";
import { type ByteSource, bytesSource } from "../byte-source.js";
import type { Checkpoint, TensorEntry } from "../checkpoint.js";
import { badFile, quoted } from "../file-errors.js";
import { leftOutNotes } from "../left-out.js";
import { checkedTensorBytes } from "../tensor-size.js";
import { readZipDirectory, type ZipDirectory, type ZipEntry } from "../zip/read-directory.js";
import { entryDataOffset, MAX_INFLATED_BYTES, readZipEntry } from "../zip/read-entry.js";
import { NPY_PREFIX_BYTES, type NpyHeader, npyHeaderBytes, parseNpyHeader } from "./npy-header.js";

const ENDING = ".npy";

/**
 * Reads the headers of an archive of NumPy arrays. Stored arrays stay in the file; compressed ones are inflated
 * into memory. Arrays of text or Python objects are left out, with a note.
 *
 * @throws `bad-file`, `unsupported`, `limit`
 */
export async function readNpz(source: ByteSource): Promise<Checkpoint> {
  const directory = await readZipDirectory(source);
  const sources: ByteSource[] = [source];
  const entries = new Map<string, TensorEntry>();
  const leftOut: string[] = [];
  const problems: OnebasinError[] = [];
  let room = MAX_INFLATED_BYTES;
  for (const zipEntry of directory.entries.values()) {
    const key = zipEntry.name.endsWith(ENDING) ? zipEntry.name.slice(0, -ENDING.length) : undefined;
    if (key === undefined) {
      leftOut.push(zipEntry.name);
      continue;
    }
    const array = await locateArray(directory, zipEntry, room);
    if (array.source !== source) room -= array.source.size;
    const name = `${source.name}: array ${quoted(key)}`;
    const header = await readHeader(array, name);
    if (header.dtype === undefined) leftOut.push(key);
    else {
      const entry = entryOf(header, { key, array, name, problems });
      if (entry === undefined) continue;
      entries.set(key, { ...entry, source: array.source === source ? 0 : sources.length });
      if (array.source !== source) sources.push(array.source);
    }
  }
  throwProblems(problems, source.name);
  return { name: source.name, format: "npz", sources, entries, metadata: {}, notes: leftOutNotes(leftOut) };
}

/** The bytes of one `.npy` file. */
interface ArrayPlace {
  readonly source: ByteSource;
  readonly offset: number;
  readonly bytes: number;
}

async function locateArray(directory: ZipDirectory, entry: ZipEntry, room: number): Promise<ArrayPlace> {
  if (!entry.deflated) {
    return { source: directory.source, offset: await entryDataOffset(directory, entry), bytes: entry.size };
  }
  const bytes = await readZipEntry(directory, entry, room);
  return { source: bytesSource(`${directory.source.name}/${entry.name}`, bytes), offset: 0, bytes: bytes.length };
}

async function readHeader({ source, offset, bytes }: ArrayPlace, name: string): Promise<NpyHeader> {
  const prefix = await source.read(offset, Math.min(NPY_PREFIX_BYTES, bytes));
  const headerBytes = npyHeaderBytes(prefix, name);
  if (headerBytes > bytes) throw badFile(name, "its header ends early");
  return parseNpyHeader(await source.read(offset, headerBytes), name);
}

interface EntryContext {
  readonly key: string;
  readonly array: ArrayPlace;
  readonly name: string;
  readonly problems: OnebasinError[];
}

function entryOf({ dtype, shape, fortranOrder, bytes }: NpyHeader, { key, array, name, problems }: EntryContext) {
  const size = dtype === undefined ? undefined : checkedTensorBytes(shape, dtype);
  if (dtype === undefined || size === undefined || size !== array.bytes - bytes) {
    const needed = size ?? "more than any file";
    problems.push(badFile(name, `shape ${shapeText(shape)} takes ${needed} bytes, ${array.bytes - bytes} are there`));
    return undefined;
  }
  const apart = fortranOrder && shape.filter((length) => length > 1).length > 1 && elementCount(shape) > 0;
  return { key, dtype, shape, offset: array.offset + bytes, ...(apart ? { strides: fortranStrides(shape) } : {}) };
}

function fortranStrides(shape: readonly number[]): number[] {
  let stride = 1;
  return shape.map((size) => {
    const own = stride;
    stride *= size;
    return own;
  });
}
