/**
 * WebAssembly instructions as bytes. A `Code` of a value leaves it on the stack, so operands are put before the
 * instruction that takes them; a `Code` of a statement leaves nothing.
 */
export type Code = readonly number[];

/** Vector instructions by their names in the specification; all follow the prefix 0xfd. */
const VECTOR = {
  "i32x4.splat": 0x11,
  "f32x4.splat": 0x13,
  "i16x8.gt_s": 0x31,
  "i32x4.lt_s": 0x39,
  "i32x4.gt_s": 0x3b,
  "f32x4.eq": 0x41,
  "f32x4.ne": 0x42,
  "f32x4.lt": 0x43,
  "f32x4.gt": 0x44,
  "f32x4.le": 0x45,
  "v128.and": 0x4e,
  "v128.andnot": 0x4f,
  "v128.or": 0x50,
  "v128.bitselect": 0x52,
  "v128.any_true": 0x53,
  "f64x2.promote_low_f32x4": 0x5f,
  "f32x4.ceil": 0x67,
  "f32x4.floor": 0x68,
  "f32x4.nearest": 0x6a,
  "i16x8.narrow_i32x4_s": 0x85,
  "i16x8.narrow_i32x4_u": 0x86,
  "i16x8.max_s": 0x98,
  "i32x4.extend_low_i16x8_u": 0xa9,
  "i32x4.extend_high_i16x8_u": 0xaa,
  "i32x4.shl": 0xab,
  "i32x4.shr_s": 0xac,
  "i32x4.shr_u": 0xad,
  "i32x4.add": 0xae,
  "i32x4.sub": 0xb1,
  "i32x4.max_s": 0xb8,
  "f32x4.abs": 0xe0,
  "f32x4.neg": 0xe1,
  "f32x4.sqrt": 0xe3,
  "f32x4.add": 0xe4,
  "f32x4.sub": 0xe5,
  "f32x4.mul": 0xe6,
  "f32x4.div": 0xe7,
  "f32x4.min": 0xe8,
  "f32x4.max": 0xe9,
  "f64x2.add": 0xf0,
  "f64x2.mul": 0xf2,
} as const;

export type VectorInstruction = keyof typeof VECTOR;

const SCALAR = {
  "i32.sub": 0x6b,
  "i32.add": 0x6a,
  "i32.shl": 0x74,
  "f32.min": 0x96,
  "f32.max": 0x97,
  "f64.add": 0xa0,
  "f64.convert_i32_s": 0xb7,
  "f64.promote_f32": 0xbb,
} as const;

const LANES = { "i32x4.extract_lane": 0x1b, "f32x4.extract_lane": 0x1f, "f64x2.extract_lane": 0x21 } as const;

/** A number as LEB128. */
export function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low + 128 : low);
  } while (rest > 0);
  return bytes;
}

/** A 32-bit number as signed LEB128. */
export function signed(value: number): Code {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && low < 64) || (rest === -1 && low >= 64);
    bytes.push(isLast ? low : low + 128);
    if (isLast) return bytes;
  }
}

export const vector = (name: VectorInstruction, ...operands: readonly Code[]): Code => [
  ...operands.flat(),
  0xfd,
  ...unsigned(VECTOR[name]),
];

export const scalar = (name: keyof typeof SCALAR, ...operands: readonly Code[]): Code => [
  ...operands.flat(),
  SCALAR[name],
];

export const lane = (name: keyof typeof LANES, operand: Code, index: number): Code => [
  ...operand,
  0xfd,
  ...unsigned(LANES[name]),
  index,
];

/** Bytes of both operands, counted from 0 to 31, put together anew. */
export const shuffle = (a: Code, b: Code, bytes: readonly number[]): Code => [...a, ...b, 0xfd, 0x0d, ...bytes];

export const integer = (value: number): Code => [0x41, ...signed(value)];
export const local = (index: number): Code => [0x20, ...unsigned(index)];
export const global = (index: number): Code => [0x23, ...unsigned(index)];
export const setLocal = (index: number, value: Code): Code => [...value, 0x21, ...unsigned(index)];

export const teeLocal = (index: number, value: Code): Code => [...value, 0x22, ...unsigned(index)];

/** Sixteen bytes from `address + offset`, however aligned. */
export const loadVector = (address: Code, offset: number): Code => [...address, 0xfd, 0x00, 0x00, ...unsigned(offset)];
export const storeVector = (address: Code, offset: number, value: Code): Code => [
  ...address,
  ...value,
  0xfd,
  0x0b,
  0x00,
  ...unsigned(offset),
];
export const storeF64 = (offset: number, value: Code): Code => [
  ...integer(0),
  ...value,
  0x39,
  0x00,
  ...unsigned(offset),
];

/** Does the statements, and again as long as the condition that follows them is not 0. */
export const repeat = (statements: Code, condition: Code): Code => [
  0x03,
  0x40,
  ...statements,
  ...condition,
  0x0d,
  0x00,
  0x0b,
];
