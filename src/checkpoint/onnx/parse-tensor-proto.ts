import type { DType } from "../../tensor/dtype.js";
import { badFile, overLimit } from "../file-errors.js";
import { MAX_RANK } from "../tensor-size.js";
import { type ProtobufField, type ProtobufReader, parseVarint, protobufFields, WIRE } from "./protobuf-fields.js";

/** A stretch of the file. */
export interface FilePlace {
  readonly start: number;
  readonly end: number;
}

/** An initialiser as its message describes it; the numbers are where they were. */
export interface TensorProto {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dataType: number;
  readonly rawData: FilePlace | undefined;
  /** Numbers in a field of their own type, by field number, in the pieces that the file has them in. */
  readonly typedData: ReadonlyMap<number, readonly FilePlace[]>;
  readonly isExternal: boolean;
  /** Of data in another file: `location`, `offset`, `length`. */
  readonly external: ReadonlyMap<string, string>;
}

/** Field numbers of `TensorProto`. */
const FIELD = { dims: 1, dataType: 2, segment: 3, name: 8, rawData: 9, external: 13, location: 14 } as const;
export const TYPED = { float: 4, int32: 5, text: 6, int64: 7, double: 10, uint64: 11 } as const;
const TYPED_FIELDS: ReadonlySet<number> = new Set(Object.values(TYPED));

/** ONNX's numbers for dtypes, `TensorProto.DataType`. */
export const ONNX_DTYPES: Readonly<Record<number, DType>> = {
  1: "f32",
  2: "u8",
  3: "i8",
  4: "u16",
  5: "i16",
  6: "i32",
  7: "i64",
  9: "bool",
  10: "f16",
  11: "f64",
  12: "u32",
  13: "u64",
  14: "c64",
  15: "c128",
  16: "bf16",
  17: "f8_e4m3",
  19: "f8_e5m2",
};
export const ONNX_TEXT = 8;

/** Names of tensors are paths of modules. */
const MAX_NAME_BYTES = 2 ** 16;
/** Numbers in unpacked fields come one by one; nobody writes large tensors so. */
const MAX_PIECES = 2 ** 16;

/** @throws `bad-file`, `limit` */
export async function parseTensorProto(reader: ProtobufReader, { start, end }: FilePlace): Promise<TensorProto> {
  const shape: number[] = [];
  let dataType = 0;
  let name = "";
  let rawData: FilePlace | undefined;
  let isExternal = false;
  const external = new Map<string, string>();
  const typedData = new Map<number, FilePlace[]>();
  for await (const field of protobufFields(reader, start, end)) {
    if (field.number === FIELD.dims) await addSizes(reader, field, shape);
    else if (field.number === FIELD.dataType) dataType = field.value;
    else if (field.number === FIELD.name) name = await readText(reader, field);
    else if (field.number === FIELD.rawData && field.wire === WIRE.bytes) rawData = field;
    else if (field.number === FIELD.location) isExternal = field.value === 1;
    else if (field.number === FIELD.external) await addPair(reader, field, external);
    else if (field.number === FIELD.segment) throw badFile(reader.source.name, "it has a tensor in segments");
    else if (TYPED_FIELDS.has(field.number)) addPiece(reader, field, typedData);
  }
  return { name, shape, dataType, rawData, typedData, isExternal, external };
}

async function addSizes(reader: ProtobufReader, field: ProtobufField, shape: number[]): Promise<void> {
  const bytes = await reader.bytesAt(field.start, Math.min(field.end - field.start, 10 * (MAX_RANK + 1)));
  for (let at = 0; at < field.end - field.start && shape.length <= MAX_RANK; ) {
    const size = parseVarint(bytes, at);
    if (size === undefined) throw badFile(reader.source.name, "it has a malformed shape");
    shape.push(size.value);
    at += size.bytes;
  }
}

function addPiece(reader: ProtobufReader, field: ProtobufField, typedData: Map<number, FilePlace[]>): void {
  const pieces = typedData.get(field.number) ?? [];
  if (pieces.length >= MAX_PIECES) throw overLimit(reader.source.name, `it has a tensor in over ${MAX_PIECES} pieces`);
  pieces.push(field);
  typedData.set(field.number, pieces);
}

async function addPair(reader: ProtobufReader, { start, end }: FilePlace, pairs: Map<string, string>): Promise<void> {
  let key = "";
  let value = "";
  for await (const field of protobufFields(reader, start, end)) {
    if (field.number === 1) key = await readText(reader, field);
    if (field.number === 2) value = await readText(reader, field);
  }
  pairs.set(key, value);
}

/** @throws `bad-file` */
async function readText(reader: ProtobufReader, { wire, start, end }: ProtobufField): Promise<string> {
  if (wire !== WIRE.bytes || end - start > MAX_NAME_BYTES) throw badFile(reader.source.name, "it has a malformed name");
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(await reader.bytesAt(start, end - start));
}
