import { Inflate } from "fflate";
import { crc32 } from "../crc32.js";
import { badFile, overLimit, quoted } from "../file-errors.js";
import type { ZipDirectory, ZipEntry } from "./read-directory.js";
import { IN_ZIP64, LOCAL_HEADER, viewOf } from "./records.js";

/**
 * Compressed tensors must be inflated into memory, which streaming avoids otherwise; uncompressed checkpoints are
 * the rule, and this is enough for the compressed ones of NumPy.
 */
export const MAX_INFLATED_BYTES = 2 ** 30;
/** Compressed bytes inflated at a time, so that a lie about the size is noticed after at most 16 MiB. */
const INFLATE_STEP = 2 ** 14;

/**
 * Position of the first byte of an entry's data, from its local header, which must agree with the directory.
 *
 * @throws `bad-file`
 */
export async function entryDataOffset({ source, offset }: ZipDirectory, entry: ZipEntry): Promise<number> {
  const refuse = (message: string) => badFile(source.name, `zip entry ${quoted(entry.name)} ${message}`);
  const nameBytes = new TextEncoder().encode(entry.name);
  const headerBytes = LOCAL_HEADER.bytes + nameBytes.length;
  if (entry.headerOffset + headerBytes > offset) throw refuse("has no room for its local header");
  const bytes = await source.read(entry.headerOffset, headerBytes);
  const view = viewOf(bytes);
  if (view.getUint32(0, true) !== LOCAL_HEADER.signature) throw refuse("does not begin with a local header");
  const sameName =
    view.getUint16(26, true) === nameBytes.length &&
    nameBytes.every((byte, i) => byte === bytes[LOCAL_HEADER.bytes + i]);
  if (!sameName) throw refuse("has another name in its local header");
  if (entry.sizesRepeated) {
    const size = view.getUint32(22, true);
    if (size !== IN_ZIP64 && size !== entry.size) throw refuse("has another size in its local header");
  }
  const dataOffset = entry.headerOffset + headerBytes + view.getUint16(28, true);
  if (dataOffset + entry.storedSize > offset) throw refuse("reaches past the data of the file");
  return dataOffset;
}

/**
 * Reads a whole entry into memory, inflated if need be.
 *
 * @param maxBytes cap on its size
 * @throws `bad-file`, `limit`
 */
export async function readZipEntry(directory: ZipDirectory, entry: ZipEntry, maxBytes: number): Promise<Uint8Array> {
  const { name } = directory.source;
  if (entry.size > maxBytes) {
    throw overLimit(name, `zip entry ${quoted(entry.name)} of ${entry.size} bytes is over the limit of ${maxBytes}`);
  }
  const dataOffset = await entryDataOffset(directory, entry);
  const stored = await directory.source.read(dataOffset, entry.storedSize);
  return entry.deflated ? inflateEntry(stored, entry, name) : stored;
}

function inflateEntry(stored: Uint8Array, entry: ZipEntry, fileName: string): Uint8Array {
  const damaged = (what: string) => badFile(fileName, `zip entry ${quoted(entry.name)} ${what}`);
  const output = new Uint8Array(entry.size);
  let filled = 0;
  const inflater = new Inflate((chunk) => {
    if (filled + chunk.length > output.length) throw damaged("inflates to more than it claims");
    output.set(chunk, filled);
    filled += chunk.length;
  });
  try {
    for (let at = 0; at < stored.length; at += INFLATE_STEP) {
      inflater.push(stored.subarray(at, at + INFLATE_STEP), at + INFLATE_STEP >= stored.length);
    }
  } catch (error) {
    throw error instanceof Error && error.name === "OnebasinError" ? error : damaged("cannot be inflated");
  }
  if (filled !== output.length) throw damaged(`inflates to ${filled} bytes and claims ${output.length}`);
  if (crc32(output) !== entry.crc) throw damaged("does not match its checksum");
  return output;
}
