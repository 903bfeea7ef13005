import { type DType, dtypeBytes } from "../../tensor/dtype.js";
import { badFile, overLimit } from "../file-errors.js";
import { type FilePlace, TYPED } from "./parse-tensor-proto.js";
import type { ProtobufReader } from "./protobuf-fields.js";

/** Numbers in typed fields of variable length must be decoded in memory; large tensors are stored raw. */
const MAX_DECODED_BYTES = 2 ** 28;

/** The field that ONNX stores each dtype in when it is not raw. */
const FIELD_OF: Readonly<Record<DType, number>> = {
  f32: TYPED.float,
  c64: TYPED.float,
  f64: TYPED.double,
  c128: TYPED.double,
  i64: TYPED.int64,
  u64: TYPED.uint64,
  u32: TYPED.uint64,
  i32: TYPED.int32,
  i16: TYPED.int32,
  i8: TYPED.int32,
  u16: TYPED.int32,
  u8: TYPED.int32,
  bool: TYPED.int32,
  f16: TYPED.int32,
  bf16: TYPED.int32,
  f8_e4m3: TYPED.int32,
  f8_e5m2: TYPED.int32,
};

export const typedFieldOf = (dtype: DType): number => FIELD_OF[dtype];

/** Whether a typed field holds the numbers as they are in memory, so that one piece can be read in place. */
export const isFixedWidth = (field: number): boolean => field === TYPED.float || field === TYPED.double;

/**
 * Numbers of a typed field as they are in memory: pieces joined, varints decoded.
 *
 * @throws `bad-file`, `limit`
 */
export async function decodeTypedData(
  reader: ProtobufReader,
  pieces: readonly FilePlace[],
  dtype: DType,
): Promise<Uint8Array> {
  const total = pieces.reduce((sum, { start, end }) => sum + end - start, 0);
  if (total > MAX_DECODED_BYTES) {
    throw overLimit(reader.source.name, `numbers in typed fields take ${total} bytes, over ${MAX_DECODED_BYTES}`);
  }
  const fixed = isFixedWidth(FIELD_OF[dtype]);
  const width = dtypeBytes(dtype);
  // A varint of one byte becomes a whole number.
  const output = new Uint8Array(fixed ? total : total * width);
  let filled = 0;
  for (const { start, end } of pieces) {
    const bytes = await reader.source.read(start, end - start);
    if (fixed) {
      output.set(bytes, filled);
      filled += bytes.length;
    } else {
      const count = decodeVarints(bytes, output.subarray(filled), width);
      if (count === undefined) throw badFile(reader.source.name, "it has a malformed number");
      filled += count * width;
    }
  }
  return output.subarray(0, filled);
}

/** Writes the low bytes of each varint; `undefined` when the bytes do not end with one. */
function decodeVarints(bytes: Uint8Array, output: Uint8Array, width: number): number | undefined {
  let count = 0;
  let value = 0n;
  let shift = 0n;
  for (const byte of bytes) {
    if (shift > 63n) return undefined;
    value |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte >= 0x80) continue;
    for (let i = 0; i < width; i++) output[count * width + i] = Number((value >> BigInt(8 * i)) & 0xffn);
    count++;
    value = 0n;
    shift = 0n;
  }
  return shift === 0n ? count : undefined;
}
