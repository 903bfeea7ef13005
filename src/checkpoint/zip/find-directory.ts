import type { ByteSource } from "../byte-source.js";
import { badFile } from "../file-errors.js";
import {
  CENTRAL_HEADER,
  COUNT_IN_ZIP64,
  END_OF_DIRECTORY,
  IN_ZIP64,
  viewOf,
  ZIP64_END_OF_DIRECTORY,
  ZIP64_LOCATOR,
} from "./records.js";

/** Where the directory of a zip file lies. */
export interface DirectoryPlace {
  readonly offset: number;
  readonly bytes: number;
  /** Number of entries; at most what `bytes` has room for. */
  readonly count: number;
}

/** A zip file may end with a comment of up to this many bytes. */
const MAX_COMMENT_BYTES = 0xffff;

/**
 * Finds the directory from the record at the end of the file.
 *
 * @throws `bad-file`
 */
export async function findDirectory(source: ByteSource): Promise<DirectoryPlace> {
  const tailSize = Math.min(source.size, END_OF_DIRECTORY.bytes + MAX_COMMENT_BYTES + ZIP64_LOCATOR.bytes);
  const tailStart = source.size - tailSize;
  const tail = viewOf(await source.read(tailStart, tailSize));
  const end = findEnd(tail);
  if (end === undefined) throw badFile(source.name, "it begins as a zip file but has no zip directory at its end");
  const end64 = await readZip64End(source, tail, end);
  const place = end64 ?? {
    offset: tail.getUint32(end + 16, true),
    bytes: tail.getUint32(end + 12, true),
    count: tail.getUint16(end + 10, true),
  };
  const { offset, bytes, count } = place;
  if (![offset, bytes, count].every(Number.isSafeInteger) || offset + bytes > tailStart + end) {
    throw badFile(source.name, "its zip directory lies outside the file");
  }
  if (count * CENTRAL_HEADER.bytes > bytes) {
    throw badFile(source.name, `its zip directory of ${bytes} bytes cannot hold the ${count} entries it claims`);
  }
  return place;
}

/** Position of the end record: the last one whose comment reaches exactly to the end of the file. */
function findEnd(tail: DataView): number | undefined {
  for (let at = tail.byteLength - END_OF_DIRECTORY.bytes; at >= 0; at--) {
    if (tail.getUint32(at, true) !== END_OF_DIRECTORY.signature) continue;
    if (at + END_OF_DIRECTORY.bytes + tail.getUint16(at + 20, true) === tail.byteLength) return at;
  }
  return undefined;
}

async function readZip64End(source: ByteSource, tail: DataView, end: number): Promise<DirectoryPlace | undefined> {
  const locator = end - ZIP64_LOCATOR.bytes;
  const needed =
    tail.getUint16(end + 10, true) === COUNT_IN_ZIP64 ||
    tail.getUint32(end + 12, true) === IN_ZIP64 ||
    tail.getUint32(end + 16, true) === IN_ZIP64;
  if (locator < 0 || tail.getUint32(locator, true) !== ZIP64_LOCATOR.signature) {
    if (needed && tail.getUint32(end + 16, true) === IN_ZIP64) {
      throw badFile(source.name, "its 64-bit zip directory is missing");
    }
    return undefined;
  }
  const offset = Number(tail.getBigUint64(locator + 8, true));
  if (!(offset + ZIP64_END_OF_DIRECTORY.bytes <= source.size)) {
    throw badFile(source.name, "its 64-bit zip directory lies outside the file");
  }
  const record = viewOf(await source.read(offset, ZIP64_END_OF_DIRECTORY.bytes));
  if (record.getUint32(0, true) !== ZIP64_END_OF_DIRECTORY.signature) {
    throw badFile(source.name, "its 64-bit zip directory is damaged");
  }
  return {
    count: Number(record.getBigUint64(32, true)),
    bytes: Number(record.getBigUint64(40, true)),
    offset: Number(record.getBigUint64(48, true)),
  };
}
