// Philox 4x32-10 for runs of elements: element i is word i mod 4 of block i / 4, as a number in [0, 1) of 24 bits. Agrees
// with src/core/random.ts.

import { held } from "./held";

const MULTIPLIER_0: u32 = 0xd2511f53;
const MULTIPLIER_1: u32 = 0xcd9e8d57;
const WEYL_0: u32 = 0x9e3779b9;
const WEYL_1: u32 = 0xbb67ae85;
const UNIT: f32 = 5.9604644775390625e-8;

// @ts-ignore: decorator
@inline
function mulHigh(a: v128, b: v128): v128 {
  return v128.shuffle<i32>(i64x2.extmul_low_i32x4_u(a, b), i64x2.extmul_high_i32x4_u(a, b), 1, 3, 5, 7);
}

// @ts-ignore: decorator
@inline
function unit(words: v128, scale: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(words, 8)), scale);
}

// From one word of four blocks to four words of one block, as 16 numbers.
// @ts-ignore: decorator
@inline
function storeFour(out: usize, c0: v128, c1: v128, c2: v128, c3: v128, scale: v128): void {
  const a = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5);
  const b = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5);
  const c = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7);
  const d = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
  v128.store(out, unit(v128.shuffle<i64>(a, b, 0, 2), scale));
  v128.store(out, unit(v128.shuffle<i64>(a, b, 1, 3), scale), 16);
  v128.store(out, unit(v128.shuffle<i64>(c, d, 0, 2), scale), 32);
  v128.store(out, unit(v128.shuffle<i64>(c, d, 1, 3), scale), 48);
}

// Elements [at, end), in whole blocks; two times four blocks a turn, as the rounds of one wait for each other. The upper
// word of the counter is the same for all.
function blocks(out: usize, at: u64, end: u64, stream: u32, k0: u32, k1: u32): void {
  const m0 = held(MULTIPLIER_0);
  const m1 = held(MULTIPLIER_1);
  const w0 = held(WEYL_0);
  const w1 = held(WEYL_1);
  const scale = held(reinterpret<u32>(UNIT));
  const high = i32x4.splat(<i32>(at >> 34));
  for (; at < end; at += 32) {
    let a0 = i32x4.add(i32x4.splat(<i32>(at >> 2)), i32x4(0, 1, 2, 3));
    let a1 = high;
    let a2 = i32x4.splat(<i32>stream);
    let a3 = i32x4.splat(0);
    let b0 = i32x4.add(a0, i32x4.splat(4));
    let b1 = a1;
    let b2 = a2;
    let b3 = a3;
    let key0 = i32x4.splat(<i32>k0);
    let key1 = i32x4.splat(<i32>k1);
    for (let round = 0; round < 10; round++) {
      const aHigh0 = mulHigh(a0, m0);
      const bHigh0 = mulHigh(b0, m0);
      const aHigh1 = mulHigh(a2, m1);
      const bHigh1 = mulHigh(b2, m1);
      const aLow1 = i32x4.mul(a2, m1);
      const bLow1 = i32x4.mul(b2, m1);
      a2 = v128.xor(v128.xor(aHigh0, a3), key1);
      b2 = v128.xor(v128.xor(bHigh0, b3), key1);
      a3 = i32x4.mul(a0, m0);
      b3 = i32x4.mul(b0, m0);
      a0 = v128.xor(v128.xor(aHigh1, a1), key0);
      b0 = v128.xor(v128.xor(bHigh1, b1), key0);
      a1 = aLow1;
      b1 = bLow1;
      key0 = i32x4.add(key0, w0);
      key1 = i32x4.add(key1, w1);
    }
    storeFour(out, a0, a1, a2, a3, scale);
    if (at + 16 < end) storeFour(out + 64, b0, b1, b2, b3, scale);
    out += 128;
  }
}

// One word of one block.
function word(low: u32, high: u32, stream: u32, k0: u32, k1: u32, lane: i32): f32 {
  let c0 = low;
  let c1 = high;
  let c2 = stream;
  let c3: u32 = 0;
  for (let round = 0; round < 10; round++) {
    const p0 = <u64>c0 * MULTIPLIER_0;
    const p1 = <u64>c2 * MULTIPLIER_1;
    c0 = <u32>(p1 >> 32) ^ c1 ^ k0;
    c1 = <u32>p1;
    c2 = <u32>(p0 >> 32) ^ c3 ^ k1;
    c3 = <u32>p0;
    k0 += WEYL_0;
    k1 += WEYL_1;
  }
  const x = lane == 0 ? c0 : lane == 1 ? c1 : lane == 2 ? c2 : c3;
  return <f32>(x >> 8) * UNIT;
}

// `first` is the index of the first element, exact in f64.
export function random_f32(out: usize, k0: u32, k1: u32, stream: u32, first: f64, n: i32): void {
  let at = <u64>first;
  const end = at + n;
  if ((at & 3) == 0) {
    // The upper word of the counter changes every 2³⁴ elements.
    const border = min<u64>(end, ((at >> 34) + 1) << 34);
    blocks(out, at, border, stream, k0, k1);
    if (border < end) blocks(out + (<usize>(border - at) << 2), border, end, stream, k0, k1);
    return;
  }
  for (; at < end; at++) {
    const block = at >> 2;
    store<f32>(out, word(<u32>block, <u32>(block >> 32), stream, k0, k1, <i32>(at & 3)));
    out += 4;
  }
}

export function random_f64(out: usize, k0: u32, k1: u32, stream: u32, first: f64, n: i32): void {
  let at = <u64>first;
  for (const end = at + n; at < end; at++) {
    const block = at >> 2;
    store<f64>(out, word(<u32>block, <u32>(block >> 32), stream, k0, k1, <i32>(at & 3)));
    out += 8;
  }
}
