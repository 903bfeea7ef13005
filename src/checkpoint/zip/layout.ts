import { combineCrc32, crc32 } from "../crc32.js";
import type { OutputFile, Segment } from "../layout.js";
import {
  CENTRAL_HEADER,
  COUNT_IN_ZIP64,
  END_OF_DIRECTORY,
  FLAG_UTF8,
  IN_ZIP64,
  LOCAL_HEADER,
  METHOD_STORED,
  viewOf,
  ZIP64_END_OF_DIRECTORY,
  ZIP64_EXTRA_ID,
  ZIP64_LOCATOR,
} from "./records.js";

/** A file to be stored in a zip file: bytes known now, then those of a tensor, either of which may be none. */
export interface ZipContent {
  readonly name: string;
  readonly head: Uint8Array;
  readonly tensor?: { readonly key: string; readonly bytes: number };
}

/** A planned zip file and, by key, where the tensors go. */
export interface ZipLayout {
  readonly file: OutputFile;
  readonly positions: ReadonlyMap<string, number>;
}

/** PyTorch's: data can be mapped and read by any vector instruction. */
const ALIGNMENT = 64;
/** PyTorch's id ("FB") of an extra field that only pads. */
const PADDING_ID = 0x4246;
const EXTRA_HEADER_BYTES = 4;
/** 1 January 1980, the first day that zip files know: outputs do not depend on the time. */
const DATE = 0x21;
const VERSION = 20;
const VERSION_ZIP64 = 45;

interface PlacedContent extends ZipContent {
  readonly nameBytes: Uint8Array;
  readonly size: number;
  readonly headerOffset: number;
  readonly dataOffset: number;
}

/**
 * Plans a zip file of uncompressed entries, each beginning at a multiple of 64 bytes, with 64-bit extensions where
 * the sizes need them. Checksums of tensors are filled in by `checksumSegments`.
 */
export function layoutZip(name: string, contents: readonly ZipContent[]): ZipLayout {
  let end = 0;
  const placed = contents.map((content): PlacedContent => {
    const nameBytes = new TextEncoder().encode(content.name);
    const size = content.head.length + (content.tensor?.bytes ?? 0);
    const headerOffset = end;
    const least = headerOffset + LOCAL_HEADER.bytes + nameBytes.length + localZip64(size).length + EXTRA_HEADER_BYTES;
    const dataOffset = Math.ceil(least / ALIGNMENT) * ALIGNMENT;
    end = dataOffset + size;
    return { ...content, nameBytes, size, headerOffset, dataOffset };
  });
  const directory = directoryBytes(placed, end);
  const segments = placed.flatMap((content): Segment[] => [
    { position: content.headerOffset, bytes: localHeader(content) },
    { position: content.dataOffset, bytes: content.head },
  ]);
  const file: OutputFile = {
    name,
    size: end + directory.bytes.length,
    segments: [...segments, { position: end, bytes: directory.bytes }],
    checksumSegments: (crc32Of) => checksums(placed, end, { crcOffsets: directory.crcOffsets, crc32Of }),
  };
  const positions = placed.flatMap(({ tensor, dataOffset, head }): [string, number][] =>
    tensor === undefined ? [] : [[tensor.key, dataOffset + head.length]],
  );
  return { file, positions: new Map(positions) };
}

/** Checksum of what is known now; that of a tensor comes later. */
const knownCrc = ({ head, tensor }: ZipContent): number => (tensor === undefined ? crc32(head) : 0);

function localHeader(content: PlacedContent): Uint8Array {
  const { nameBytes, size, headerOffset, dataOffset } = content;
  const bytes = new Uint8Array(dataOffset - headerOffset);
  const view = viewOf(bytes);
  const zip64 = localZip64(size);
  const extraStart = LOCAL_HEADER.bytes + nameBytes.length;
  view.setUint32(0, LOCAL_HEADER.signature, true);
  view.setUint16(4, zip64.length > 0 ? VERSION_ZIP64 : VERSION, true);
  view.setUint16(6, FLAG_UTF8, true);
  view.setUint16(8, METHOD_STORED, true);
  view.setUint16(12, DATE, true);
  view.setUint32(14, knownCrc(content), true);
  view.setUint32(18, Math.min(size, IN_ZIP64), true);
  view.setUint32(22, Math.min(size, IN_ZIP64), true);
  view.setUint16(26, nameBytes.length, true);
  view.setUint16(28, bytes.length - extraStart, true);
  bytes.set(nameBytes, LOCAL_HEADER.bytes);
  bytes.set(zip64, extraStart);
  const padding = extraStart + zip64.length;
  view.setUint16(padding, PADDING_ID, true);
  view.setUint16(padding + 2, bytes.length - padding - EXTRA_HEADER_BYTES, true);
  return bytes;
}

/** The 64-bit extra field of a local header, which always gives both sizes; empty when 32 bits are enough. */
const localZip64 = (size: number): Uint8Array => zip64Extra(size >= IN_ZIP64 ? [size, size] : []);

function zip64Extra(values: readonly number[]): Uint8Array {
  if (values.length === 0) return new Uint8Array(0);
  const bytes = new Uint8Array(EXTRA_HEADER_BYTES + 8 * values.length);
  const view = viewOf(bytes);
  view.setUint16(0, ZIP64_EXTRA_ID, true);
  view.setUint16(2, 8 * values.length, true);
  for (const [i, value] of values.entries()) view.setBigUint64(EXTRA_HEADER_BYTES + 8 * i, BigInt(value), true);
  return bytes;
}

/** The directory and its end record; `crcOffsets` are where checksums stand in it. */
function directoryBytes(placed: readonly PlacedContent[], offset: number) {
  const headers = placed.map(centralHeader);
  const size = headers.reduce((sum, { length }) => sum + length, 0);
  const end = endRecords(placed.length, size, offset);
  const bytes = new Uint8Array(size + end.length);
  const crcOffsets: number[] = [];
  let at = 0;
  for (const header of headers) {
    bytes.set(header, at);
    crcOffsets.push(at + 16);
    at += header.length;
  }
  bytes.set(end, at);
  return { bytes, crcOffsets };
}

function centralHeader(content: PlacedContent): Uint8Array {
  const { nameBytes, size, headerOffset } = content;
  const large = size >= IN_ZIP64 ? [size, size] : [];
  const extra = zip64Extra(headerOffset >= IN_ZIP64 ? [...large, headerOffset] : large);
  const bytes = new Uint8Array(CENTRAL_HEADER.bytes + nameBytes.length + extra.length);
  const view = viewOf(bytes);
  const version = extra.length > 0 ? VERSION_ZIP64 : VERSION;
  view.setUint32(0, CENTRAL_HEADER.signature, true);
  view.setUint16(4, version, true);
  view.setUint16(6, version, true);
  view.setUint16(8, FLAG_UTF8, true);
  view.setUint16(10, METHOD_STORED, true);
  view.setUint16(14, DATE, true);
  view.setUint32(16, knownCrc(content), true);
  view.setUint32(20, Math.min(size, IN_ZIP64), true);
  view.setUint32(24, Math.min(size, IN_ZIP64), true);
  view.setUint16(28, nameBytes.length, true);
  view.setUint16(30, extra.length, true);
  view.setUint32(42, Math.min(headerOffset, IN_ZIP64), true);
  bytes.set(nameBytes, CENTRAL_HEADER.bytes);
  bytes.set(extra, CENTRAL_HEADER.bytes + nameBytes.length);
  return bytes;
}

function endRecords(count: number, size: number, offset: number): Uint8Array {
  const needs64 = count >= COUNT_IN_ZIP64 || size >= IN_ZIP64 || offset >= IN_ZIP64;
  const start = needs64 ? ZIP64_END_OF_DIRECTORY.bytes + ZIP64_LOCATOR.bytes : 0;
  const bytes = new Uint8Array(start + END_OF_DIRECTORY.bytes);
  const view = viewOf(bytes);
  if (needs64) {
    view.setUint32(0, ZIP64_END_OF_DIRECTORY.signature, true);
    view.setBigUint64(4, BigInt(ZIP64_END_OF_DIRECTORY.bytes - 12), true);
    view.setUint16(12, VERSION_ZIP64, true);
    view.setUint16(14, VERSION_ZIP64, true);
    view.setBigUint64(24, BigInt(count), true);
    view.setBigUint64(32, BigInt(count), true);
    view.setBigUint64(40, BigInt(size), true);
    view.setBigUint64(48, BigInt(offset), true);
    const locator = ZIP64_END_OF_DIRECTORY.bytes;
    view.setUint32(locator, ZIP64_LOCATOR.signature, true);
    view.setBigUint64(locator + 8, BigInt(offset + size), true);
    view.setUint32(locator + 16, 1, true);
  }
  view.setUint32(start, END_OF_DIRECTORY.signature, true);
  view.setUint16(start + 8, Math.min(count, COUNT_IN_ZIP64), true);
  view.setUint16(start + 10, Math.min(count, COUNT_IN_ZIP64), true);
  view.setUint32(start + 12, Math.min(size, IN_ZIP64), true);
  view.setUint32(start + 16, Math.min(offset, IN_ZIP64), true);
  return bytes;
}

interface ChecksumOptions {
  readonly crcOffsets: readonly number[];
  readonly crc32Of: (key: string) => number;
}

/** Both places of every tensor's checksum: its local header and the directory. */
function checksums(placed: readonly PlacedContent[], directory: number, { crcOffsets, crc32Of }: ChecksumOptions) {
  return placed.flatMap(({ head, tensor, headerOffset }, i): Segment[] => {
    if (tensor === undefined) return [];
    const bytes = new Uint8Array(4);
    viewOf(bytes).setUint32(0, combineCrc32(crc32(head), crc32Of(tensor.key), tensor.bytes), true);
    return [
      { position: headerOffset + 14, bytes },
      { position: directory + crcOffsets[i], bytes },
    ];
  });
}
