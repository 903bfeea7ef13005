import type { DType } from "../../tensor/dtype.js";

/** ONNX's numbers for element types. */
const NUMBERS: Readonly<Partial<Record<DType, number>>> = {
  f32: 1,
  u8: 2,
  i8: 3,
  u16: 4,
  i16: 5,
  i32: 6,
  i64: 7,
  bool: 9,
  f16: 10,
  f64: 11,
  u32: 12,
  u64: 13,
  c64: 14,
  c128: 15,
  bf16: 16,
  f8_e4m3: 17,
  f8_e5m2: 19,
};

const DTYPES: ReadonlyMap<number, DType> = new Map(
  Object.entries(NUMBERS).map(([dtype, number]) => [number, dtype as DType]),
);

export const onnxDataType = (dtype: DType): number => NUMBERS[dtype] ?? 0;

/** `undefined` for an element type that onebasin does not have (strings, 4-bit numbers). */
export const dtypeOfOnnx = (number: number): DType | undefined => DTYPES.get(number);
