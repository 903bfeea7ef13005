// Between stored formats and the f32 (or f64) that everything is computed in. Rounding is to the nearest, ties to
// even; the scalar twins are in src/tensor/small-floats.ts. Every `load` gives the number of elements that are NaN or
// infinite: a few instructions on bits that are at hand, instead of a sweep of its own.

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
function isNonFinite(x: v128): v128 {
  return i32x4.ge_s(v128.and(x, i32x4.splat(0x7fffffff)), i32x4.splat(0x7f800000));
}

export function load_f32(out: usize, raw: usize, n: i32): i32 {
  let counts = i32x4.splat(0);
  for (let i = 0; i < n; i += 8) {
    const x = v128.load(raw);
    const y = v128.load(raw, 16);
    counts = i32x4.sub(counts, i32x4.add(isNonFinite(x), isNonFinite(y)));
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
function isNonFiniteHalf(x: v128, infinity: i16): v128 {
  return i16x8.ge_s(v128.and(x, i16x8.splat(0x7fff)), i16x8.splat(infinity));
}

// @ts-ignore: decorator
@inline
function sumOfHalves(counts: v128): i32 {
  return sumOfLanes(i32x4.extadd_pairwise_i16x8_s(counts));
}

export function load_bf16(out: usize, raw: usize, n: i32): i32 {
  const zero = i16x8.splat(0);
  let counts = zero;
  for (let i = 0; i < n; i += 16) {
    const x = v128.load(raw);
    const y = v128.load(raw, 16);
    counts = i16x8.sub(counts, i16x8.add(isNonFiniteHalf(x, 0x7f80), isNonFiniteHalf(y, 0x7f80)));
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
function bf16InUpperHalf(x: v128): v128 {
  const odd = v128.and(i32x4.shr_u(x, 16), i32x4.splat(1));
  const rounded = i32x4.add(i32x4.add(x, i32x4.splat(0x7fff)), odd);
  return v128.bitselect(i32x4.splat(0x7fc00000), rounded, f32x4.ne(x, x));
}

export function store_bf16(raw: usize, a: usize, n: i32): void {
  for (let i = 0; i < n; i += 16) {
    const x0 = bf16InUpperHalf(v128.load(a));
    const x1 = bf16InUpperHalf(v128.load(a, 16));
    const x2 = bf16InUpperHalf(v128.load(a, 32));
    const x3 = bf16InUpperHalf(v128.load(a, 48));
    v128.store(raw, v128.shuffle<i16>(x0, x1, 1, 3, 5, 7, 9, 11, 13, 15));
    v128.store(raw, v128.shuffle<i16>(x2, x3, 1, 3, 5, 7, 9, 11, 13, 15), 16);
    raw += 32;
    a += 64;
  }
}

// The exponent is re-biased by one multiplication, which is exact and makes subnormals right as well; infinity and
// NaN get the all-ones exponent afterwards.
// @ts-ignore: decorator
@inline
function f16Vector(h: v128): v128 {
  const sign = i32x4.shl(v128.and(h, i32x4.splat(0x8000)), 16);
  const magnitude = i32x4.shl(v128.and(h, i32x4.splat(0x7fff)), 13);
  const value = f32x4.mul(magnitude, f32x4.splat(reinterpret<f32>(0x77800000)));
  const special = i32x4.gt_u(magnitude, i32x4.splat(0x0f7fffff));
  return v128.or(v128.or(value, sign), v128.and(special, i32x4.splat(0x7f800000)));
}

export function load_f16(out: usize, raw: usize, n: i32): i32 {
  let counts = i16x8.splat(0);
  for (let i = 0; i < n; i += 8) {
    const x = v128.load(raw);
    counts = i16x8.sub(counts, isNonFiniteHalf(x, 0x7c00));
    v128.store(out, f16Vector(i32x4.extend_low_i16x8_u(x)));
    v128.store(out, f16Vector(i32x4.extend_high_i16x8_u(x)), 16);
    raw += 16;
    out += 32;
  }
  return sumOfHalves(counts);
}

// Normal results: integer rounding of the dropped 13 bits. Subnormal results: adding ½ (whose last mantissa bit is
// worth 2⁻²⁴, the smallest f16) lets the addition round.
// @ts-ignore: decorator
@inline
function f16Bits(x: v128): v128 {
  const sign = i32x4.shr_u(v128.and(x, i32x4.splat(0x80000000)), 16);
  const magnitude = v128.and(x, i32x4.splat(0x7fffffff));
  const odd = v128.and(i32x4.shr_u(magnitude, 13), i32x4.splat(1));
  const rebiased = i32x4.sub(magnitude, i32x4.splat((127 - 15) << 23));
  const normal = i32x4.shr_u(i32x4.add(i32x4.add(rebiased, i32x4.splat(0xfff)), odd), 13);
  const subnormal = i32x4.sub(f32x4.add(magnitude, f32x4.splat(0.5)), i32x4.splat(0x3f000000));
  let bits = v128.bitselect(subnormal, normal, i32x4.lt_s(magnitude, i32x4.splat(0x38800000)));
  bits = v128.bitselect(i32x4.splat(0x7c00), bits, i32x4.gt_s(magnitude, i32x4.splat(0x477fefff)));
  bits = v128.or(bits, sign);
  return v128.bitselect(i32x4.splat(0x7e00), bits, f32x4.ne(x, x));
}

export function store_f16(raw: usize, a: usize, n: i32): void {
  for (let i = 0; i < n; i += 8) {
    v128.store(raw, i16x8.narrow_i32x4_u(f16Bits(v128.load(a)), f16Bits(v128.load(a, 16))));
    raw += 16;
    a += 32;
  }
}

// f8_e5m2 is the upper byte of an f16.
export function load_f8_e5m2(out: usize, raw: usize, n: i32): i32 {
  let counts = i32x4.splat(0);
  for (let i = 0; i < n; i += 4) {
    const bytes = i16x8.extend_low_i8x16_u(v128.load32_zero(raw));
    const x = f16Vector(i32x4.shl(i32x4.extend_low_i16x8_u(bytes), 8));
    counts = i32x4.sub(counts, isNonFinite(x));
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
