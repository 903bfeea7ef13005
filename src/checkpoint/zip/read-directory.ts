import type { ByteSource } from "../byte-source.js";
import { badFile, overLimit, quoted, unsupported } from "../file-errors.js";
import { type DirectoryPlace, findDirectory } from "./find-directory.js";
import {
  CENTRAL_HEADER,
  FLAG_ENCRYPTED,
  FLAG_SIZES_AFTER_DATA,
  IN_ZIP64,
  METHOD_DEFLATED,
  METHOD_STORED,
  viewOf,
  ZIP64_EXTRA_ID,
} from "./records.js";

/** A file inside a zip file, as the directory at the end describes it. */
export interface ZipEntry {
  readonly name: string;
  readonly deflated: boolean;
  /** Bytes as stored. */
  readonly storedSize: number;
  /** Bytes once inflated. */
  readonly size: number;
  readonly crc: number;
  /** Whether the local header repeats the sizes, so that they can be compared. */
  readonly sizesRepeated: boolean;
  readonly headerOffset: number;
}

export interface ZipDirectory {
  readonly source: ByteSource;
  /** By name, in the order of the directory. */
  readonly entries: ReadonlyMap<string, ZipEntry>;
  /** Where the directory begins, and so where data of entries end. */
  readonly offset: number;
}

/** Room for half a million entries; models have one per tensor. */
const MAX_DIRECTORY_BYTES = 64 * 2 ** 20;
/** Deflate cannot shrink a byte to less than this share: a match of 258 bytes takes 2 bits. */
const MAX_INFLATION = 1032;

/**
 * Reads the directory of a zip file, 64-bit extensions included, and checks that its entries are unlike in name,
 * stored or deflated, and inside the file.
 *
 * @throws `bad-file`, `unsupported` for encryption and other compression, `limit`
 */
export async function readZipDirectory(source: ByteSource): Promise<ZipDirectory> {
  const place = await findDirectory(source);
  if (place.bytes > MAX_DIRECTORY_BYTES) {
    throw overLimit(
      source.name,
      `its zip directory of ${place.bytes} bytes is over the limit of ${MAX_DIRECTORY_BYTES}`,
    );
  }
  const entries = parseDirectory(await source.read(place.offset, place.bytes), source.name, place);
  return { source, entries, offset: place.offset };
}

function parseDirectory(bytes: Uint8Array, fileName: string, place: DirectoryPlace): Map<string, ZipEntry> {
  const entries = new Map<string, ZipEntry>();
  let at = 0;
  for (let i = 0; i < place.count; i++) {
    const { entry, end } = parseEntry(bytes, at, fileName);
    if (entries.has(entry.name)) throw badFile(fileName, `its zip directory holds ${quoted(entry.name)} twice`);
    if (entry.headerOffset + entry.storedSize > place.offset) {
      throw badFile(fileName, `zip entry ${quoted(entry.name)} reaches past the data of the file`);
    }
    entries.set(entry.name, entry);
    at = end;
  }
  if (at !== bytes.length) throw badFile(fileName, `its zip directory has ${bytes.length - at} bytes too many`);
  return entries;
}

function parseEntry(bytes: Uint8Array, at: number, fileName: string): { entry: ZipEntry; end: number } {
  if (at + CENTRAL_HEADER.bytes > bytes.length) throw badFile(fileName, "its zip directory ends early");
  const view = viewOf(bytes.subarray(at));
  if (view.getUint32(0, true) !== CENTRAL_HEADER.signature) throw badFile(fileName, "its zip directory is damaged");
  const nameEnd = CENTRAL_HEADER.bytes + view.getUint16(28, true);
  const extraEnd = nameEnd + view.getUint16(30, true);
  const length = extraEnd + view.getUint16(32, true);
  if (length > view.byteLength) throw badFile(fileName, "its zip directory ends early");
  const name = new TextDecoder("utf-8", { ignoreBOM: true }).decode(
    bytes.subarray(at + CENTRAL_HEADER.bytes, at + nameEnd),
  );
  const flags = view.getUint16(8, true);
  const method = view.getUint16(10, true);
  if ((flags & FLAG_ENCRYPTED) !== 0) {
    throw unsupported(
      fileName,
      `zip entry ${quoted(name)} is encrypted`,
      "Unpack the file and save it without a password.",
    );
  }
  if (method !== METHOD_STORED && method !== METHOD_DEFLATED) {
    const hint = "Save the checkpoint again with the program that wrote it, without compression.";
    throw unsupported(fileName, `zip entry ${quoted(name)} is compressed by method ${method}`, hint);
  }
  const extra = parseZip64Extra(bytes.subarray(at + nameEnd, at + extraEnd));
  const field = (offset: number): number => {
    const value = view.getUint32(offset, true);
    if (value !== IN_ZIP64) return value;
    const large = extra.next();
    if (large === undefined) throw badFile(fileName, `zip entry ${quoted(name)} lacks a 64-bit size`);
    return large;
  };
  // The order of these three is the order of the 64-bit values.
  const size = field(24);
  const storedSize = field(20);
  const headerOffset = field(42);
  const deflated = method === METHOD_DEFLATED;
  if (deflated ? size > storedSize * MAX_INFLATION : size !== storedSize) {
    throw badFile(fileName, `zip entry ${quoted(name)} claims ${size} bytes, stored in ${storedSize}`);
  }
  const sizesRepeated = (flags & FLAG_SIZES_AFTER_DATA) === 0;
  const crc = view.getUint32(16, true);
  return { entry: { name, deflated, storedSize, size, crc, sizesRepeated, headerOffset }, end: at + length };
}

/** The 64-bit values of an entry, one after the other; `undefined` when there is no (safe) next one. */
function parseZip64Extra(extra: Uint8Array): { next: () => number | undefined } {
  const view = viewOf(extra);
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === ZIP64_EXTRA_ID && at + 4 + length <= extra.length) {
      let value = at + 4;
      const end = value + length;
      return {
        next: () => {
          if (value + 8 > end) return undefined;
          const large = view.getBigUint64(value, true);
          value += 8;
          return large <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(large) : undefined;
        },
      };
    }
    at += 4 + length;
  }
  return { next: () => undefined };
}
