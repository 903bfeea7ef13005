import type { ByteSource } from "../byte-source.js";
import { badFile, overLimit } from "../file-errors.js";

/** One field of a protobuf message: a number, or a place in the file. */
export interface ProtobufField {
  readonly number: number;
  readonly wire: number;
  /** The value of a varint, as far as JavaScript holds it exactly; otherwise 0. */
  readonly value: number;
  /** The payload; of a varint, its own bytes. */
  readonly start: number;
  readonly end: number;
}

export const WIRE = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** Walks a file without loading it: bytes come in windows, and long payloads are stepped over. */
export interface ProtobufReader {
  readonly source: ByteSource;
  /** The bytes of the file from `start`; `length` must be small. */
  readonly bytesAt: (start: number, length: number) => Promise<Uint8Array>;
  fieldsLeft: number;
}

const WINDOW_BYTES = 2 ** 16;
/** A model has some tens of fields per operator and per tensor. */
const MAX_FIELDS = 5_000_000;
/** A tag and a length, each of at most ten bytes. */
const MAX_FIELD_HEADER_BYTES = 20;

export function createProtobufReader(source: ByteSource): ProtobufReader {
  let window: Uint8Array = new Uint8Array(0);
  let windowStart = 0;
  return {
    source,
    fieldsLeft: MAX_FIELDS,
    bytesAt: async (start, length) => {
      const wanted = Math.min(length, source.size - start);
      if (start < windowStart || start + wanted > windowStart + window.length) {
        window = await source.read(start, Math.min(Math.max(WINDOW_BYTES, wanted), source.size - start));
        windowStart = start;
      }
      return window.subarray(start - windowStart, start - windowStart + wanted);
    },
  };
}

/**
 * The fields of the message at [start, end), in order. Nested messages are given as places.
 *
 * @throws `bad-file` when the bytes are not a message, `limit`
 */
export async function* protobufFields(
  reader: ProtobufReader,
  start: number,
  end: number,
): AsyncGenerator<ProtobufField> {
  const refuse = (what: string, at: number) =>
    badFile(reader.source.name, `${what} at byte ${at}, so it is not protobuf`);
  for (let at = start; at < end; ) {
    if (--reader.fieldsLeft < 0) throw overLimit(reader.source.name, `it has more than ${MAX_FIELDS} protobuf fields`);
    const header = await reader.bytesAt(at, Math.min(MAX_FIELD_HEADER_BYTES, end - at));
    const tag = parseVarint(header, 0);
    if (tag === undefined || tag.value < 8) throw refuse("it has a malformed field", at);
    const number = Math.floor(tag.value / 8);
    const wire = tag.value % 8;
    const payload = at + tag.bytes;
    const field = parsePayload(header, { wire, headerBytes: tag.bytes, payload });
    if (field === undefined || field.end > end) throw refuse("a field reaches past its end", at);
    yield { number, wire, ...field };
    at = field.end;
  }
}

interface PayloadContext {
  readonly wire: number;
  readonly headerBytes: number;
  readonly payload: number;
}

function parsePayload(header: Uint8Array, { wire, headerBytes, payload }: PayloadContext) {
  if (wire === WIRE.fixed64) return { value: 0, start: payload, end: payload + 8 };
  if (wire === WIRE.fixed32) return { value: 0, start: payload, end: payload + 4 };
  if (wire !== WIRE.varint && wire !== WIRE.bytes) return undefined;
  const varint = parseVarint(header, headerBytes);
  if (varint === undefined) return undefined;
  const after = payload + varint.bytes;
  if (wire === WIRE.varint) {
    return { value: Number.isSafeInteger(varint.value) ? varint.value : 0, start: payload, end: after };
  }
  return { value: 0, start: after, end: after + varint.value };
}

const MAX_VARINT_BYTES = 10;

/** Inexact beyond 2⁵³, which callers treat as out of range. */
export function parseVarint(bytes: Uint8Array, at: number): { value: number; bytes: number } | undefined {
  let value = 0;
  let scale = 1;
  for (let i = 0; i < MAX_VARINT_BYTES && at + i < bytes.length; i++) {
    value += (bytes[at + i] & 0x7f) * scale;
    if (bytes[at + i] < 0x80) return { value, bytes: i + 1 };
    scale *= 0x80;
  }
  return undefined;
}
