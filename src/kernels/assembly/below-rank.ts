// Comparing numbers with ranks, see `rank.ts`, mostly without ranking: a bin of magnitudes bounds the rank of what lies in it.
import { held, heldFloat } from "./held";
import { rankOf, rankUnit, SHORT, SORT_TABLE, sortRow } from "./rank";
import { magnitude } from "./magnitude";

// Bins of equal width between 0 and the largest magnitude; bin 0 holds what is exactly 0.
const MOST_BINS = 2048;
// Sorting costs, for each element of a row, as much as this many pairs in one bin times the share of pairs that must be told
// apart: where there are more, sorting is cheaper.
const SORTING_COST: f64 = 200;

// 1 where y < least + spread · rank of |x|, else 0.
//
// The bin of an element bounds its rank, which decides for nearly all of them; only where y lies between the bounds are the
// elements before it counted.
// @ts-ignore: decorator
@inline
function belowRank<T>(
  out: usize,
  x: usize,
  y: usize,
  scratch: usize,
  count: i32,
  length: i32,
  inner: i32,
  least: T,
  spread: T,
): void {
  const step = <usize>inner * sizeof<T>();
  const block = length * inner;
  for (let start = 0; start < count; start += block) {
    for (let lane = 0; lane < inner; lane++) {
      const first = <usize>(start + lane) * sizeof<T>();
      if (length > SHORT && decideByBins<T>(out + first, x + first, y + first, scratch, step, length, least, spread)) {
        continue;
      }
      decideBySorting<T>(out + first, x + first, y + first, scratch, step, length, least, spread);
    }
  }
}

// @ts-ignore: decorator
@inline
function decideBySorting<T>(
  out: usize,
  x: usize,
  y: usize,
  scratch: usize,
  step: usize,
  length: i32,
  least: T,
  spread: T,
): void {
  const unit = rankUnit(length);
  const sorted = sortRow<T>(x, step, scratch, length);
  for (let i = 0; i < length; i++) {
    const at = <usize>load<u32>(sorted + (<usize>i << 3), 4) * step;
    store<T>(out + at, load<T>(y + at) < share<T>(i, length, unit, least, spread) ? 1 : 0);
  }
}

// Product and sum each rounded, as separate operations would.
// @ts-ignore: decorator
@inline
function share<T>(place: i32, length: i32, unit: f64, least: T, spread: T): T {
  return least + rankOf<T>(place, length, unit) * spread;
}

// Whether it could decide: not where magnitudes crowd in few bins, are all 0, or not finite.
// @ts-ignore: decorator
@inline
function decideByBins<T>(
  out: usize,
  x: usize,
  y: usize,
  scratch: usize,
  step: usize,
  length: i32,
  least: T,
  spread: T,
): bool {
  const magnitudes = scratch + (<usize>length << 4) + SORT_TABLE;
  const bins = magnitudes + (<usize>length << 2);
  const table = bins + (<usize>length << 2);
  const shares = table + ((MOST_BINS + 1) << 2);
  const largest = gatherMagnitudes<T>(magnitudes, x, step, length);
  // From 2⁻¹⁰⁰ on the width of a bin is a normal number.
  if (largest < 0x0d800000 || largest >= 0x7f800000) return false;
  let last = 64;
  while (last < MOST_BINS && last < length >> 2) last <<= 1;
  fillBins(bins, magnitudes, length, <f32>last / reinterpret<f32>(largest), last);
  countBins(table, bins, length, last);
  const unit = rankUnit(length);
  // The share of the first rank of each bin; that of the next bin bounds it from above.
  let before = 0;
  let pairs: u64 = 0;
  for (let bin = 0; bin <= last; bin++) {
    store<T>(shares + <usize>bin * sizeof<T>(), share<T>(before, length, unit, least, spread));
    const here = load<u32>(table + (<usize>bin << 2));
    before += here;
    if (bin > 0) pairs += <u64>here * here;
  }
  store<T>(shares + <usize>(last + 1) * sizeof<T>(), share<T>(before, length, unit, least, spread));
  if (<f64>pairs * <f64>spread > SORTING_COST * <f64>length) return false;
  let zeros = 0;
  let i = 0;
  if (sizeof<T>() == 4 && step == 4) {
    const one = heldFloat(1);
    const zero = held(0);
    for (; i + 4 <= length; i += 4) {
      const at = <usize>i << 2;
      // What is below the lower bound is below its share; what is not below the upper one is not.
      const bin = bins + at;
      const left = v128.load64_lane(boundsOf(shares, bin + 4), v128.load64_zero(boundsOf(shares, bin)), 1);
      const right = v128.load64_lane(boundsOf(shares, bin + 12), v128.load64_zero(boundsOf(shares, bin + 8)), 1);
      const value = v128.load(y + at);
      const isBelow = f32x4.lt(value, v128.shuffle<i32>(left, right, 0, 2, 4, 6));
      v128.store(out + at, v128.and(isBelow, one));
      let open = v128.bitmask<i32>(v128.xor(isBelow, f32x4.lt(value, v128.shuffle<i32>(left, right, 1, 3, 5, 7))));
      const none = v128.bitmask<i32>(i32x4.eq(v128.load(bin), zero));
      for (; open != 0; open &= open - 1) {
        const lane = ctz(open);
        const place = (none >> lane) & 1 ? zeros + popcnt(none & ((1 << lane) - 1)) : countBefore(magnitudes, i + lane, length);
        const to = at + (<usize>lane << 2);
        store<T>(out + to, load<T>(y + to) < share<T>(place, length, unit, least, spread) ? 1 : 0);
      }
      zeros += popcnt(none);
    }
  }
  for (; i < length; i++) {
    const at = <usize>i * step;
    const bin = load<u32>(bins + (<usize>i << 2));
    const bounds = shares + <usize>bin * sizeof<T>();
    const value = load<T>(y + at);
    let isBelow = value < load<T>(bounds);
    if (isBelow != value < load<T>(bounds, sizeof<T>())) {
      const place = bin == 0 ? zeros : countBefore(magnitudes, i, length);
      isBelow = value < share<T>(place, length, unit, least, spread);
    }
    zeros += i32(bin == 0);
    store<T>(out + at, isBelow ? 1 : 0);
  }
  return true;
}

// Where the share of an element's bin and that of the next lie.
// @ts-ignore: decorator
@inline
function boundsOf(shares: usize, bin: usize): usize {
  return shares + (<usize>load<u32>(bin) << 2);
}

// As f32 without signs; gives the bits of the largest.
// @ts-ignore: decorator
@inline
function gatherMagnitudes<T>(to: usize, x: usize, step: usize, length: i32): u32 {
  let largest: u32 = 0;
  let i = 0;
  if (sizeof<T>() == 4 && step == 4) {
    const unsigned = held(0x7fffffff);
    let most = i32x4.splat(0);
    for (; i + 4 <= length; i += 4) {
      const bits = v128.and(v128.load(x + (<usize>i << 2)), unsigned);
      most = i32x4.max_s(most, bits);
      v128.store(to + (<usize>i << 2), bits);
    }
    const upper = i32x4.max_s(most, v128.shuffle<i32>(most, most, 2, 3, 0, 1));
    largest = max<u32>(i32x4.extract_lane(upper, 0), i32x4.extract_lane(upper, 1));
  }
  for (; i < length; i++) {
    const bits = magnitude<T>(x + <usize>i * step);
    largest = max<u32>(largest, bits);
    store<u32>(to + (<usize>i << 2), bits);
  }
  return largest;
}

// 0 where the magnitude is 0, else from 1 to `last`. Never falls as the magnitude rises, as products and truncation do not.
function fillBins(bins: usize, magnitudes: usize, length: i32, scale: f32, last: i32): void {
  const factor = f32x4.splat(scale);
  const most = i32x4.splat(last);
  const zero = held(0);
  const one = held(1);
  let i = 0;
  for (; i + 4 <= length; i += 4) {
    const x = v128.load(magnitudes + (<usize>i << 2));
    const whole = i32x4.trunc_sat_f32x4_s(f32x4.mul(x, factor));
    const bin = i32x4.min_s(i32x4.add(whole, one), most);
    v128.store(bins + (<usize>i << 2), v128.andnot(bin, i32x4.eq(x, zero)));
  }
  for (; i < length; i++) {
    const x = load<f32>(magnitudes + (<usize>i << 2));
    store<u32>(bins + (<usize>i << 2), x == 0 ? 0 : min<i32>(<i32>(x * scale) + 1, last));
  }
}

function countBins(table: usize, bins: usize, length: i32, last: i32): void {
  memory.fill(table, 0, <usize>(last + 1) << 2);
  for (const end = bins + (<usize>length << 2); bins < end; bins += 4) {
    const at = table + (<usize>load<u32>(bins) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
}

// How many magnitudes of the row rank below the i-th: smaller ones, and equal ones before it.
function countBefore(magnitudes: usize, i: i32, length: i32): i32 {
  const own = load<i32>(magnitudes + (<usize>i << 2));
  return countUpTo(magnitudes, i, own) + countUpTo(magnitudes + (<usize>(i + 1) << 2), length - i - 1, own - 1);
}

function countUpTo(magnitudes: usize, n: i32, most: i32): i32 {
  const limit = i32x4.splat(most);
  let counts = i32x4.splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    // Truth is −1 in each lane.
    counts = i32x4.sub(counts, i32x4.le_s(v128.load(magnitudes + (<usize>i << 2)), limit));
  }
  let count =
    i32x4.extract_lane(counts, 0) +
    i32x4.extract_lane(counts, 1) +
    i32x4.extract_lane(counts, 2) +
    i32x4.extract_lane(counts, 3);
  for (; i < n; i++) count += i32(load<i32>(magnitudes + (<usize>i << 2)) <= most);
  return count;
}

export function belowRank_f32(
  out: usize,
  x: usize,
  y: usize,
  scratch: usize,
  count: i32,
  length: i32,
  inner: i32,
  least: f32,
  spread: f32,
): void {
  belowRank<f32>(out, x, y, scratch, count, length, inner, least, spread);
}
export function belowRank_f64(
  out: usize,
  x: usize,
  y: usize,
  scratch: usize,
  count: i32,
  length: i32,
  inner: i32,
  least: f64,
  spread: f64,
): void {
  belowRank<f64>(out, x, y, scratch, count, length, inner, least, spread);
}
