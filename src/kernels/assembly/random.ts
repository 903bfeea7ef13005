// Philox 4x32-10 for runs of elements: element i is word i mod 4 of block i / 4, as a number in [0, 1) of 24 bits. Agrees
// with src/core/random.ts.

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
function unit(words: v128): v128 {
  return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(words, 8)), f32x4.splat(UNIT));
}

// Four blocks from `low` on, which is the lower word of their counter; 16 numbers.
// @ts-ignore: decorator
@inline
function fourBlocks(out: usize, low: u32, high: u32, stream: u32, k0: u32, k1: u32): void {
  const m0 = i32x4.splat(<i32>MULTIPLIER_0);
  const m1 = i32x4.splat(<i32>MULTIPLIER_1);
  let c0 = i32x4.add(i32x4.splat(<i32>low), i32x4(0, 1, 2, 3));
  let c1 = i32x4.splat(<i32>high);
  let c2 = i32x4.splat(<i32>stream);
  let c3 = i32x4.splat(0);
  for (let round = 0; round < 10; round++) {
    const high0 = mulHigh(c0, m0);
    const low0 = i32x4.mul(c0, m0);
    const high1 = mulHigh(c2, m1);
    const low1 = i32x4.mul(c2, m1);
    c0 = v128.xor(v128.xor(high1, c1), i32x4.splat(<i32>k0));
    c1 = low1;
    c2 = v128.xor(v128.xor(high0, c3), i32x4.splat(<i32>k1));
    c3 = low0;
    k0 += WEYL_0;
    k1 += WEYL_1;
  }
  // From one word of four blocks to four words of one block.
  const a = v128.shuffle<i32>(c0, c1, 0, 4, 1, 5);
  const b = v128.shuffle<i32>(c2, c3, 0, 4, 1, 5);
  const c = v128.shuffle<i32>(c0, c1, 2, 6, 3, 7);
  const d = v128.shuffle<i32>(c2, c3, 2, 6, 3, 7);
  v128.store(out, unit(v128.shuffle<i64>(a, b, 0, 2)));
  v128.store(out, unit(v128.shuffle<i64>(a, b, 1, 3)), 16);
  v128.store(out, unit(v128.shuffle<i64>(c, d, 0, 2)), 32);
  v128.store(out, unit(v128.shuffle<i64>(c, d, 1, 3)), 48);
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
    for (; at < end; at += 16) {
      const block = at >> 2;
      fourBlocks(out, <u32>block, <u32>(block >> 32), stream, k0, k1);
      out += 64;
    }
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
