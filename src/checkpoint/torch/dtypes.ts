import type { DType } from "../../tensor/dtype.js";

/** The typed storage classes of `torch`, by class name. */
export const STORAGE_DTYPES: Readonly<Record<string, DType>> = {
  DoubleStorage: "f64",
  FloatStorage: "f32",
  HalfStorage: "f16",
  BFloat16Storage: "bf16",
  LongStorage: "i64",
  IntStorage: "i32",
  ShortStorage: "i16",
  CharStorage: "i8",
  ByteStorage: "u8",
  BoolStorage: "bool",
  ComplexFloatStorage: "c64",
  ComplexDoubleStorage: "c128",
};

/** `torch.float32` and so on, by their name in `torch`. */
export const TORCH_DTYPES: Readonly<Record<string, DType>> = {
  float64: "f64",
  float32: "f32",
  float16: "f16",
  bfloat16: "bf16",
  float8_e4m3fn: "f8_e4m3",
  float8_e5m2: "f8_e5m2",
  int64: "i64",
  int32: "i32",
  int16: "i16",
  int8: "i8",
  uint64: "u64",
  uint32: "u32",
  uint16: "u16",
  uint8: "u8",
  bool: "bool",
  complex64: "c64",
  complex128: "c128",
};
