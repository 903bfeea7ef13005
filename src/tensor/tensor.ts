import { OnebasinError } from "../core/errors.js";
import { type DType, dtypeBytes } from "./dtype.js";
import { elementCount, type Shape, shapeText } from "./shape.js";
import {
  bf16ToNumber,
  f8E4m3ToNumber,
  f8E5m2ToNumber,
  f16ToNumber,
  numberToBf16,
  numberToF8E4m3,
  numberToF8E5m2,
  numberToF16,
} from "./small-floats.js";

/** Numbers in memory: row by row without gaps, little-endian. */
export interface Tensor {
  readonly dtype: DType;
  readonly shape: Shape;
  /** `elementCount(shape) · dtypeBytes(dtype)` bytes. */
  readonly bytes: Uint8Array;
}

/** Ordered map from key to tensor, the keys as PyTorch names them. */
export type StateDict = ReadonlyMap<string, Tensor>;

/**
 * A tensor of the given numbers, each rounded to `dtype` (16- and 8-bit formats by way of f32). Complex numbers
 * are given as (real, imaginary) pairs.
 *
 * @throws `bad-argument` when the count does not fit the shape
 */
export function createTensor(dtype: DType, shape: Shape, values: ArrayLike<number | bigint>): Tensor {
  const codec = CODECS[dtype];
  const count = (elementCount(shape) * dtypeBytes(dtype)) / codec.bytes;
  if (values.length !== count) {
    throw new OnebasinError("bad-argument", `Shape ${shapeText(shape)} holds ${count} numbers; got ${values.length}.`);
  }
  const bytes = new Uint8Array(count * codec.bytes);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) codec.write(view, i * codec.bytes, values[i]);
  return { dtype, shape: [...shape], bytes };
}

/**
 * The numbers of a tensor as f64 (a copy). 64-bit integers beyond 2⁵³ lose their low bits; complex numbers are
 * given as (real, imaginary) pairs.
 */
export function tensorNumbers({ dtype, bytes }: Tensor): Float64Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const codec = CODECS[dtype];
  const values = new Float64Array(Math.floor(bytes.byteLength / codec.bytes));
  for (let i = 0; i < values.length; i++) values[i] = codec.read(view, i * codec.bytes);
  return values;
}

interface Codec {
  readonly bytes: number;
  readonly read: (view: DataView, at: number) => number;
  readonly write: (view: DataView, at: number, value: number | bigint) => void;
}

const CODECS: Readonly<Record<DType, Codec>> = {
  f64: { bytes: 8, read: (v, at) => v.getFloat64(at, true), write: (v, at, x) => v.setFloat64(at, Number(x), true) },
  f32: { bytes: 4, read: (v, at) => v.getFloat32(at, true), write: (v, at, x) => v.setFloat32(at, Number(x), true) },
  f16: {
    bytes: 2,
    read: (v, at) => f16ToNumber(v.getUint16(at, true)),
    write: (v, at, x) => v.setUint16(at, numberToF16(Number(x)), true),
  },
  bf16: {
    bytes: 2,
    read: (v, at) => bf16ToNumber(v.getUint16(at, true)),
    write: (v, at, x) => v.setUint16(at, numberToBf16(Number(x)), true),
  },
  f8_e4m3: {
    bytes: 1,
    read: (v, at) => f8E4m3ToNumber(v.getUint8(at)),
    write: (v, at, x) => v.setUint8(at, numberToF8E4m3(Number(x))),
  },
  f8_e5m2: {
    bytes: 1,
    read: (v, at) => f8E5m2ToNumber(v.getUint8(at)),
    write: (v, at, x) => v.setUint8(at, numberToF8E5m2(Number(x))),
  },
  i64: {
    bytes: 8,
    read: (v, at) => Number(v.getBigInt64(at, true)),
    write: (v, at, x) => v.setBigInt64(at, BigInt(x), true),
  },
  i32: { bytes: 4, read: (v, at) => v.getInt32(at, true), write: (v, at, x) => v.setInt32(at, Number(x), true) },
  i16: { bytes: 2, read: (v, at) => v.getInt16(at, true), write: (v, at, x) => v.setInt16(at, Number(x), true) },
  i8: { bytes: 1, read: (v, at) => v.getInt8(at), write: (v, at, x) => v.setInt8(at, Number(x)) },
  u64: {
    bytes: 8,
    read: (v, at) => Number(v.getBigUint64(at, true)),
    write: (v, at, x) => v.setBigUint64(at, BigInt(x), true),
  },
  u32: { bytes: 4, read: (v, at) => v.getUint32(at, true), write: (v, at, x) => v.setUint32(at, Number(x), true) },
  u16: { bytes: 2, read: (v, at) => v.getUint16(at, true), write: (v, at, x) => v.setUint16(at, Number(x), true) },
  u8: { bytes: 1, read: (v, at) => v.getUint8(at), write: (v, at, x) => v.setUint8(at, Number(x)) },
  bool: { bytes: 1, read: (v, at) => v.getUint8(at), write: (v, at, x) => v.setUint8(at, Number(x) === 0 ? 0 : 1) },
  c64: { bytes: 4, read: (v, at) => v.getFloat32(at, true), write: (v, at, x) => v.setFloat32(at, Number(x), true) },
  c128: { bytes: 8, read: (v, at) => v.getFloat64(at, true), write: (v, at, x) => v.setFloat64(at, Number(x), true) },
};
