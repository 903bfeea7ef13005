// Ranks of |x| in its row: a row has `length` elements that are `inner` apart, so that `inner` rows lie woven into each
// other. Magnitudes are compared as f32, whose bits order like the numbers; equal ones rank in their order.
//
// `scratch`: 24 · length + 65536 bytes, of which sorting takes the first 16 · length + 8192.

import { magnitude } from "./magnitude";

// Below this a row is sorted by insertion, and always sorted.
export const SHORT = 48;
export const SORT_TABLE: usize = 8192;

// Rank, from 0 for the smallest to 1 for the largest; a lone one gets ½.
// @ts-ignore: decorator
@inline
function rank<T>(out: usize, a: usize, scratch: usize, count: i32, length: i32, inner: i32): void {
  const step = <usize>inner * sizeof<T>();
  const unit = rankUnit(length);
  const block = length * inner;
  for (let start = 0; start < count; start += block) {
    for (let lane = 0; lane < inner; lane++) {
      const from = a + <usize>(start + lane) * sizeof<T>();
      const to = out + <usize>(start + lane) * sizeof<T>();
      const sorted = sortRow<T>(from, step, scratch, length);
      for (let i = 0; i < length; i++) {
        const place = load<u32>(sorted + (<usize>i << 3), 4);
        store<T>(to + <usize>place * step, rankOf<T>(i, length, unit));
      }
    }
  }
}

export function rankUnit(length: i32): f64 {
  return length > 1 ? 1.0 / <f64>(length - 1) : 0;
}

// @ts-ignore: decorator
@inline
export function rankOf<T>(place: i32, length: i32, unit: f64): T {
  return length == 1 ? <T>0.5 : <T>(<f64>place * unit);
}

// Pairs (bits, index) in ascending order; gives where they lie.
// @ts-ignore: decorator
@inline
export function sortRow<T>(from: usize, step: usize, scratch: usize, length: i32): usize {
  for (let i = 0; i < length; i++) {
    const at = scratch + (<usize>i << 3);
    store<u32>(at, magnitude<T>(from + <usize>i * step));
    store<u32>(at, i, 4);
  }
  if (length <= SHORT) {
    sortByInsertion(scratch, length);
    return scratch;
  }
  const other = scratch + (<usize>length << 3);
  const table = other + (<usize>length << 3);
  sortDigit(scratch, other, table, length, 0);
  sortDigit(other, scratch, table, length, 11);
  sortDigit(scratch, other, table, length, 22);
  return other;
}

function sortByInsertion(pairs: usize, length: i32): void {
  for (let i = 1; i < length; i++) {
    const pair = load<u64>(pairs + (<usize>i << 3));
    let at = pairs + (<usize>i << 3);
    while (at > pairs && load<u32>(at - 8) > <u32>pair) {
      store<u64>(at, load<u64>(at - 8));
      at -= 8;
    }
    store<u64>(at, pair);
  }
}

// One round of a stable radix sort, by the 11 bits from `shift` on.
function sortDigit(from: usize, to: usize, table: usize, length: i32, shift: u32): void {
  memory.fill(table, 0, SORT_TABLE);
  for (let i = 0; i < length; i++) {
    const at = table + (<usize>((load<u32>(from + (<usize>i << 3)) >> shift) & 2047) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  let before: u32 = 0;
  for (let at = table; at < table + SORT_TABLE; at += 4) {
    const here = load<u32>(at);
    store<u32>(at, before);
    before += here;
  }
  for (let i = 0; i < length; i++) {
    const pair = load<u64>(from + (<usize>i << 3));
    const at = table + (<usize>((<u32>pair >> shift) & 2047) << 2);
    const place = load<u32>(at);
    store<u32>(at, place + 1);
    store<u64>(to + (<usize>place << 3), pair);
  }
}

export function rank_f32(out: usize, a: usize, scratch: usize, count: i32, length: i32, inner: i32): void {
  rank<f32>(out, a, scratch, count, length, inner);
}
export function rank_f64(out: usize, a: usize, scratch: usize, count: i32, length: i32, inner: i32): void {
  rank<f64>(out, a, scratch, count, length, inner);
}
