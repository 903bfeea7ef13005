// Selection by size: the bits of |x| as f32 order like the numbers themselves, so counting them digit by digit (the upper
// 15 bits, then the lower 16) finds the k-th largest exactly, without sorting.

import { magnitude } from "./magnitude";

// @ts-ignore: decorator
@inline
function count(table: usize, digit: u32): void {
  const at = table + (<usize>digit << 2);
  store<u32>(at, load<u32>(at) + 1);
}

// @ts-ignore: decorator
@inline
function tallyHigh<T>(table: usize, a: usize, n: i32): void {
  const end = a + <usize>n * sizeof<T>();
  while (a < end) {
    count(table, magnitude<T>(a) >> 16);
    a += sizeof<T>();
  }
}

export function tallyHigh_f32(table: usize, a: usize, n: i32): void {
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    // Byte positions in the table: the digit times four.
    const at = v128.and(i32x4.shr_u(v128.load(a), 14), i32x4.splat(0x1fffc));
    const p0 = table + <usize>i32x4.extract_lane(at, 0);
    store<u32>(p0, load<u32>(p0) + 1);
    const p1 = table + <usize>i32x4.extract_lane(at, 1);
    store<u32>(p1, load<u32>(p1) + 1);
    const p2 = table + <usize>i32x4.extract_lane(at, 2);
    store<u32>(p2, load<u32>(p2) + 1);
    const p3 = table + <usize>i32x4.extract_lane(at, 3);
    store<u32>(p3, load<u32>(p3) + 1);
    a += 16;
  }
  tallyHigh<f32>(table, a, n - i);
}
export function tallyHigh_f64(table: usize, a: usize, n: i32): void {
  tallyHigh<f64>(table, a, n);
}

// Pairs (digit, count) of the digits that occur, in their order; gives how many. `bins` is a multiple of 4.
export function occurring(out: usize, table: usize, bins: i32): i32 {
  const first = out;
  for (let digit = 0; digit < bins; digit += 4, table += 16) {
    if (!v128.any_true(v128.load(table))) continue;
    for (let i = 0; i < 4; i++) {
      const count = load<u32>(table + (<usize>i << 2));
      // Written over by the next pair where there is none.
      store<u32>(out, digit + i);
      store<u32>(out, count, 4);
      out += count == 0 ? 0 : 8;
    }
  }
  return <i32>((out - first) >> 3);
}

// Where |x| has these upper 15 bits: the sign is shifted out with the comparison.
// @ts-ignore: decorator
@inline
function isUpper(x: v128, high: i32): v128 {
  return i32x4.eq(i32x4.shr_u(i32x4.shl(x, 1), 17), i32x4.splat(high));
}

// Counts the lower 16 bits of those elements whose upper 15 are `high`.
export function tallyLow_f32(table: usize, a: usize, high: i32, n: i32): void {
  let i = 0;
  // Few elements have the wanted upper part: four vectors are passed over at once.
  for (; i + 16 <= n; i += 16) {
    const some = v128.or(
      v128.or(isUpper(v128.load(a), high), isUpper(v128.load(a, 16), high)),
      v128.or(isUpper(v128.load(a, 32), high), isUpper(v128.load(a, 48), high)),
    );
    if (v128.any_true(some)) {
      for (let lane: usize = 0; lane < 64; lane += 4) {
        const x = magnitude<f32>(a + lane);
        if (<i32>(x >> 16) == high) count(table, x & 0xffff);
      }
    }
    a += 64;
  }
  for (; i < n; i++) {
    const x = magnitude<f32>(a);
    if (<i32>(x >> 16) == high) count(table, x & 0xffff);
    a += 4;
  }
}
export function tallyLow_f64(table: usize, a: usize, high: i32, n: i32): void {
  for (let i = 0; i < n; i++) {
    const x = magnitude<f64>(a);
    if (<i32>(x >> 16) == high) count(table, x & 0xffff);
    a += 8;
  }
}

// out = x where |x| is above the threshold (bits of an f32), or equal to it among the first `left` that are; else 0. Gives
// the number of equals that were kept.
export function take_f32(out: usize, a: usize, threshold: i32, left: i32, n: i32): i32 {
  const limit = i32x4.splat(threshold);
  let kept = 0;
  for (let i = 0; i < n; i += 4) {
    const x = v128.load(a);
    const bits = v128.and(x, i32x4.splat(0x7fffffff));
    let keep = i32x4.gt_s(bits, limit);
    const equal = i32x4.eq(bits, limit);
    if (kept < left && v128.any_true(equal)) {
      let mask = v128.bitmask<i32>(equal);
      if (i + 4 > n) mask &= (1 << (n - i)) - 1;
      if (mask == 15 && left - kept >= 4) {
        keep = v128.or(keep, equal);
        kept += 4;
      } else {
        for (let lane = 0; lane < 4; lane++) {
          if (((mask >> lane) & 1) == 0 || kept == left) continue;
          keep = v128.or(keep, laneMask(lane));
          kept++;
        }
      }
    }
    v128.store(out, v128.and(x, keep));
    out += 16;
    a += 16;
  }
  return kept;
}

// @ts-ignore: decorator
@inline
function laneMask(lane: i32): v128 {
  return i32x4.eq(i32x4(0, 1, 2, 3), i32x4.splat(lane));
}

export function take_f64(out: usize, a: usize, threshold: i32, left: i32, n: i32): i32 {
  let kept = 0;
  for (let i = 0; i < n; i++) {
    const bits = <i32>magnitude<f64>(a);
    let keep = bits > threshold;
    if (bits == threshold && kept < left) {
      keep = true;
      kept++;
    }
    store<f64>(out, keep ? load<f64>(a) : 0);
    out += 8;
    a += 8;
  }
  return kept;
}
