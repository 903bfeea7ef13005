import { OnebasinError } from "../core/errors.js";
import { unknownName } from "../core/suggest.js";

/** How a number is stored. `f8_e4m3` is the finite-only variant (no infinities), as in PyTorch's `float8_e4m3fn`. */
export type DType =
  | "f64"
  | "f32"
  | "f16"
  | "bf16"
  | "f8_e4m3"
  | "f8_e5m2"
  | "i64"
  | "i32"
  | "i16"
  | "i8"
  | "u64"
  | "u32"
  | "u16"
  | "u8"
  | "bool"
  | "c64"
  | "c128";

/** Floating-point dtypes, the ones merge methods compute with. */
export type FloatDType = "f64" | "f32" | "f16" | "bf16" | "f8_e4m3" | "f8_e5m2";

const BYTES: Readonly<Record<DType, number>> = {
  f64: 8,
  f32: 4,
  f16: 2,
  bf16: 2,
  f8_e4m3: 1,
  f8_e5m2: 1,
  i64: 8,
  i32: 4,
  i16: 2,
  i8: 1,
  u64: 8,
  u32: 4,
  u16: 2,
  u8: 1,
  bool: 1,
  c64: 8,
  c128: 16,
};

export const DTYPES = Object.keys(BYTES) as readonly DType[];

const FLOATS: ReadonlySet<DType> = new Set<DType>(["f64", "f32", "f16", "bf16", "f8_e4m3", "f8_e5m2"]);

/** Bytes of one element. */
export function dtypeBytes(dtype: DType): number {
  return BYTES[dtype];
}

export function isFloat(dtype: DType): dtype is FloatDType {
  return FLOATS.has(dtype);
}

/** PyTorch's names of the formats that numbers can be rounded to. */
export const TORCH_NAMES: Readonly<Record<FloatDType, string>> = {
  f64: "float64",
  f32: "float32",
  f16: "float16",
  bf16: "bfloat16",
  f8_e4m3: "float8_e4m3fn",
  f8_e5m2: "float8_e5m2",
};

/** Other programs' names for the same formats. */
const ALIASES: Readonly<Record<string, DType>> = {
  float64: "f64",
  double: "f64",
  float32: "f32",
  float: "f32",
  float16: "f16",
  half: "f16",
  bfloat16: "bf16",
  float8_e4m3fn: "f8_e4m3",
  float8_e5m2: "f8_e5m2",
};

/**
 * Reads a dtype as people write it: onebasin's own name, or PyTorch's.
 *
 * @throws `unknown-name`
 */
export function parseDType(name: string): DType {
  if (Object.hasOwn(BYTES, name)) return name as DType;
  if (Object.hasOwn(ALIASES, name)) return ALIASES[name];
  throw unknownName("dtype", name, [...DTYPES, ...Object.keys(ALIASES)]);
}

/**
 * Reads a dtype that numbers can be rounded to.
 *
 * @throws `unknown-name`; `bad-argument` for one that is not floating-point
 */
export function parseFloatDType(name: string): FloatDType {
  const dtype = parseDType(name);
  if (isFloat(dtype)) return dtype;
  throw new OnebasinError("bad-argument", `${dtype} is no floating-point dtype.`, {
    hint: `Choose one of ${[...FLOATS].join(", ")}.`,
  });
}

/**
 * The dtype that holds the values of both: the wider one, and f32 for two different 16- or 8-bit formats.
 *
 * @source the floating-point part of PyTorch's `torch.promote_types`
 */
export function promoteFloats(a: FloatDType, b: FloatDType): FloatDType {
  if (a === b) return a;
  const bytes = Math.max(BYTES[a], BYTES[b]);
  if (bytes === 8) return "f64";
  if (bytes === 4) return "f32";
  const wide = [a, b].filter((dtype) => BYTES[dtype] === 2);
  return wide.length === 1 ? wide[0] : "f32";
}
