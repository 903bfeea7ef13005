// Between stored formats and the f32 (or f64) that everything is computed in. Rounding is to the nearest, ties to
// even; the scalar twins are in src/tensor/small-floats.ts. Every `load` gives the number of elements that are NaN or
// infinite: a few instructions on bits that are at hand, instead of a sweep of its own.

import { held } from "./held";

// @ts-ignore: decorator
@inline
function sumOfLanes(counts: v128): i32 {
  return (
    i32x4.extract_lane(counts, 0) +
    i32x4.extract_lane(counts, 1) +
    i32x4.extract_lane(counts, 2) +
    i32x4.extract_lane(counts, 3)
  );
}

// −1 in each lane of an f32 whose exponent is all ones.
// @ts-ignore: decorator
@inline
function isNonFinite(x: v128, magnitude: v128, infinity: v128): v128 {
  return i32x4.ge_s(v128.and(x, magnitude), infinity);
}

export function load_f32(out: usize, raw: usize, n: i32): i32 {
  const magnitude = held(0x7fffffff);
  const infinity = held(0x7f800000);
  let counts = i32x4.splat(0);
  for (let i = 0; i < n; i += 8) {
    const x = v128.load(raw);
    const y = v128.load(raw, 16);
    counts = i32x4.sub(counts, i32x4.add(isNonFinite(x, magnitude, infinity), isNonFinite(y, magnitude, infinity)));
    v128.store(out, x);
    v128.store(out, y, 16);
    raw += 32;
    out += 32;
  }
  return sumOfLanes(counts);
}

export function store_f32(raw: usize, a: usize, n: i32): void {
  memory.copy(raw, a, <usize>n * 4);
}

// @ts-ignore: decorator
@inline
function isNonFinitePair(x: v128): v128 {
  return i64x2.ge_s(v128.and(x, i64x2.splat(0x7fffffffffffffff)), i64x2.splat(0x7ff0000000000000));
}

// @ts-ignore: decorator
@inline
function sumOfPair(counts: v128): i32 {
  return <i32>(i64x2.extract_lane(counts, 0) + i64x2.extract_lane(counts, 1));
}

/** f64 to f32; what only overflows in f32 does not count as infinite. */
export function load_f64(out: usize, raw: usize, n: i32): i32 {
  let counts = i64x2.splat(0);
  for (let i = 0; i < n; i += 4) {
    const x = v128.load(raw);
    const y = v128.load(raw, 16);
    counts = i64x2.sub(counts, i64x2.add(isNonFinitePair(x), isNonFinitePair(y)));
    const low = f32x4.demote_f64x2_zero(x);
    const high = f32x4.demote_f64x2_zero(y);
    v128.store(out, v128.shuffle<f32>(low, high, 0, 1, 4, 5));
    raw += 32;
    out += 16;
  }
  return sumOfPair(counts);
}

/** f64 as it is, for computing in f64. */
export function loadWide_f64(out: usize, raw: usize, n: i32): i32 {
  let counts = i64x2.splat(0);
  for (let i = 0; i < n; i += 2) {
    const x = v128.load(raw);
    counts = i64x2.sub(counts, isNonFinitePair(x));
    v128.store(out, x);
    raw += 16;
    out += 16;
  }
  return sumOfPair(counts);
}

/** f32 to f64; also how a block of f32 becomes a block of f64. */
export function store_f64(raw: usize, a: usize, n: i32): void {
  for (let i = 0; i < n; i += 2) {
    v128.store(raw, f64x2.promote_low_f32x4(v128.load64_zero(a)));
    raw += 16;
    a += 8;
  }
}

// 16-bit lanes are counted eight at a time; a lane holds up to 32767, more than any block has vectors.
// @ts-ignore: decorator
@inline
function isNonFiniteHalf(x: v128, magnitude: v128, infinity: v128): v128 {
  return i16x8.ge_s(v128.and(x, magnitude), infinity);
}

// @ts-ignore: decorator
@inline
function sumOfHalves(counts: v128): i32 {
  return sumOfLanes(i32x4.extadd_pairwise_i16x8_s(counts));
}

export function load_bf16(out: usize, raw: usize, n: i32): i32 {
  const zero = held(0);
  const magnitude = held(0x7fff7fff);
  const infinity = held(0x7f807f80);
  let counts = zero;
  for (let i = 0; i < n; i += 16) {
    const x = v128.load(raw);
    const y = v128.load(raw, 16);
    counts = i16x8.sub(counts, i16x8.add(isNonFiniteHalf(x, magnitude, infinity), isNonFiniteHalf(y, magnitude, infinity)));
    v128.store(out, v128.shuffle<i16>(zero, x, 0, 8, 1, 9, 2, 10, 3, 11));
    v128.store(out, v128.shuffle<i16>(zero, x, 4, 12, 5, 13, 6, 14, 7, 15), 16);
    v128.store(out, v128.shuffle<i16>(zero, y, 0, 8, 1, 9, 2, 10, 3, 11), 32);
    v128.store(out, v128.shuffle<i16>(zero, y, 4, 12, 5, 13, 6, 14, 7, 15), 48);
    raw += 32;
    out += 64;
  }
  return sumOfHalves(counts);
}

// The rounded value in the upper half of each lane. NaN becomes the one quiet NaN: its sign and payload differ from
// processor to processor.
// @ts-ignore: decorator
@inline
function bf16InUpperHalf(x: v128, one: v128, half: v128, nan: v128): v128 {
  const rounded = i32x4.add(i32x4.add(x, half), v128.and(i32x4.shr_u(x, 16), one));
  return v128.bitselect(nan, rounded, f32x4.ne(x, x));
}

export function store_bf16(raw: usize, a: usize, n: i32): void {
  const one = held(1);
  const half = held(0x7fff);
  const nan = held(0x7fc00000);
  for (let i = 0; i < n; i += 16) {
    const x0 = bf16InUpperHalf(v128.load(a), one, half, nan);
    const x1 = bf16InUpperHalf(v128.load(a, 16), one, half, nan);
    const x2 = bf16InUpperHalf(v128.load(a, 32), one, half, nan);
    const x3 = bf16InUpperHalf(v128.load(a, 48), one, half, nan);
    // The arithmetic shift keeps upper halves within i16, so that narrowing does not saturate.
    v128.store(raw, i16x8.narrow_i32x4_s(i32x4.shr_s(x0, 16), i32x4.shr_s(x1, 16)));
    v128.store(raw, i16x8.narrow_i32x4_s(i32x4.shr_s(x2, 16), i32x4.shr_s(x3, 16)), 16);
    raw += 32;
    a += 64;
  }
}

// The exponent is re-biased by one multiplication, which is exact and makes subnormals right as well; infinity and
// NaN get the all-ones exponent afterwards.
// @ts-ignore: decorator
@inline
function f16Vector(h: v128, magnitudeBits: v128, bias: v128, largest: v128, infinity: v128): v128 {
  const sign = i32x4.shl(v128.andnot(h, magnitudeBits), 16);
  const magnitude = i32x4.shl(v128.and(h, magnitudeBits), 13);
  const special = i32x4.gt_s(magnitude, largest);
  return v128.or(v128.or(f32x4.mul(magnitude, bias), sign), v128.and(special, infinity));
}

export function load_f16(out: usize, raw: usize, n: i32): i32 {
  const halfMagnitude = held(0x7fff7fff);
  const halfInfinity = held(0x7c007c00);
  const magnitude = held(0x7fff);
  const bias = held(0x77800000);
  const largest = held(0x0f7fffff);
  const infinity = held(0x7f800000);
  let counts = i16x8.splat(0);
  for (let i = 0; i < n; i += 8) {
    const x = v128.load(raw);
    counts = i16x8.sub(counts, isNonFiniteHalf(x, halfMagnitude, halfInfinity));
    v128.store(out, f16Vector(i32x4.extend_low_i16x8_u(x), magnitude, bias, largest, infinity));
    v128.store(out, f16Vector(i32x4.extend_high_i16x8_u(x), magnitude, bias, largest, infinity), 16);
    raw += 16;
    out += 32;
  }
  return sumOfHalves(counts);
}

// Normal results: integer rounding of the dropped 13 bits. Subnormal results: adding ½ (whose last mantissa bit is
// worth 2⁻²⁴, the smallest f16) lets the addition round.
// @ts-ignore: decorator
@inline
function f16Bits(
  x: v128,
  magnitudeBits: v128,
  one: v128,
  rebias: v128,
  half: v128,
  smallestNormal: v128,
  largest: v128,
  infinity: v128,
  nan: v128,
): v128 {
  const magnitude = v128.and(x, magnitudeBits);
  const sign = i32x4.shr_u(v128.andnot(x, magnitudeBits), 16);
  const odd = v128.and(i32x4.shr_u(magnitude, 13), one);
  const normal = i32x4.shr_u(i32x4.add(i32x4.sub(magnitude, rebias), odd), 13);
  const subnormal = i32x4.sub(f32x4.add(magnitude, half), half);
  const finite = v128.bitselect(subnormal, normal, i32x4.lt_s(magnitude, smallestNormal));
  const bits = v128.bitselect(infinity, finite, i32x4.gt_s(magnitude, largest));
  return v128.bitselect(nan, v128.or(bits, sign), f32x4.ne(x, x));
}

export function store_f16(raw: usize, a: usize, n: i32): void {
  const magnitude = held(0x7fffffff);
  const one = held(1);
  const rebias = held(((127 - 15) << 23) - 0xfff);
  const half = held(0x3f000000);
  const smallestNormal = held(0x38800000);
  const largest = held(0x477fefff);
  const infinity = held(0x7c00);
  const nan = held(0x7e00);
  for (let i = 0; i < n; i += 8) {
    const low = f16Bits(v128.load(a), magnitude, one, rebias, half, smallestNormal, largest, infinity, nan);
    const high = f16Bits(v128.load(a, 16), magnitude, one, rebias, half, smallestNormal, largest, infinity, nan);
    v128.store(raw, i16x8.narrow_i32x4_u(low, high));
    raw += 16;
    a += 32;
  }
}

// f8_e5m2 is the upper byte of an f16.
export function load_f8_e5m2(out: usize, raw: usize, n: i32): i32 {
  const magnitude = held(0x7fff);
  const bias = held(0x77800000);
  const largest = held(0x0f7fffff);
  const infinity = held(0x7f800000);
  const wideMagnitude = held(0x7fffffff);
  let counts = i32x4.splat(0);
  for (let i = 0; i < n; i += 4) {
    const bytes = i16x8.extend_low_i8x16_u(v128.load32_zero(raw));
    const x = f16Vector(i32x4.shl(i32x4.extend_low_i16x8_u(bytes), 8), magnitude, bias, largest, infinity);
    counts = i32x4.sub(counts, isNonFinite(x, wideMagnitude, infinity));
    v128.store(out, x);
    raw += 4;
    out += 16;
  }
  return sumOfLanes(counts);
}

export function load_f8_e4m3(out: usize, raw: usize, n: i32): i32 {
  let counts = i32x4.splat(0);
  for (let i = 0; i < n; i += 4) {
    const bytes = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(raw)));
    const sign = i32x4.shl(v128.and(bytes, i32x4.splat(0x80)), 24);
    const magnitude = v128.and(bytes, i32x4.splat(0x7f));
    const value = f32x4.mul(i32x4.shl(magnitude, 20), f32x4.splat(reinterpret<f32>(0x7b800000)));
    const isNan = i32x4.eq(magnitude, i32x4.splat(0x7f));
    counts = i32x4.sub(counts, isNan);
    v128.store(out, v128.or(v128.or(value, sign), v128.and(isNan, i32x4.splat(0x7fc00000))));
    raw += 4;
    out += 16;
  }
  return sumOfLanes(counts);
}

// Any small format without sign: `mantissaBits`, the bias, and what values above the largest become.
// @ts-ignore: decorator
@inline
function smallFloatBits(x: u32, mantissaBits: i32, bias: i32, largest: u32, overflow: u32): u32 {
  const magnitude = x & 0x7fffffff;
  const exponent = <i32>(magnitude >> 23) - 127 + bias;
  const dropped = 23 - mantissaBits;
  if (exponent <= 0) {
    const shift = dropped + 1 - exponent;
    if (shift > 25) return 0;
    return roundedShift((magnitude & 0x7fffff) | 0x800000, shift);
  }
  if (exponent > 2 * bias + 1) return overflow;
  const rounded = roundedShift((<u32>exponent << 23) | (magnitude & 0x7fffff), dropped);
  return rounded > largest ? overflow : rounded;
}

// @ts-ignore: decorator
@inline
function roundedShift(value: u32, shift: i32): u32 {
  const quotient = value >> shift;
  const half = (<u32>1 << (shift - 1)) - 1 + (quotient & 1);
  return (value + half) >> shift;
}

// @ts-ignore: decorator
@inline
function isNan(x: u32): bool {
  return (x & 0x7fffffff) > 0x7f800000;
}

export function store_f8_e4m3(raw: usize, a: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    const x = load<u32>(a + (<usize>i << 2));
    const magnitude = smallFloatBits(x, 3, 7, 0x7e, 0x7f);
    store<u8>(raw + i, <u8>(isNan(x) ? 0x7f : ((x >> 24) & 0x80) | magnitude));
  }
}

export function store_f8_e5m2(raw: usize, a: usize, n: i32): void {
  for (let i = 0; i < n; i++) {
    const x = load<u32>(a + (<usize>i << 2));
    const magnitude = smallFloatBits(x, 2, 15, 0x7b, 0x7c);
    store<u8>(raw + i, <u8>(isNan(x) ? 0x7f : ((x >> 24) & 0x80) | magnitude));
  }
}
