// Work on whole rows: `rows` lines of `length` elements that are `inner` apart, so that `inner` of them lie woven into
// each other. What a row is reduced to is one f64.
import { dot, extreme, sum } from "./reduce";

// @ts-ignore: decorator
@inline
function rowSum<T>(out: usize, a: usize, rows: i32, length: i32, inner: i32): void {
  if (inner == 1) {
    for (let row = 0; row < rows; row++) {
      store<f64>(out + (<usize>row << 3), sum<T>(a + <usize>row * length * sizeof<T>(), length));
    }
    return;
  }
  for (let first = 0; first < rows; first += inner) {
    const totals = out + (<usize>first << 3);
    memory.fill(totals, 0, <usize>inner << 3);
    for (let i = 0; i < length; i++) {
      for (let at = totals; at < totals + (<usize>inner << 3); at += 8) {
        store<f64>(at, load<f64>(at) + <f64>load<T>(a));
        a += sizeof<T>();
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function rowDot<T>(out: usize, a: usize, b: usize, rows: i32, length: i32, inner: i32): void {
  if (inner == 1) {
    for (let row = 0; row < rows; row++) {
      const at = <usize>row * length * sizeof<T>();
      store<f64>(out + (<usize>row << 3), dot<T>(a + at, b + at, length));
    }
    return;
  }
  for (let first = 0; first < rows; first += inner) {
    const totals = out + (<usize>first << 3);
    memory.fill(totals, 0, <usize>inner << 3);
    for (let i = 0; i < length; i++) {
      for (let at = totals; at < totals + (<usize>inner << 3); at += 8) {
        store<f64>(at, load<f64>(at) + <f64>load<T>(a) * <f64>load<T>(b));
        a += sizeof<T>();
        b += sizeof<T>();
      }
    }
  }
}

// @ts-ignore: decorator
@inline
function rowLargest<T>(out: usize, a: usize, rows: i32, length: i32, inner: i32): void {
  if (inner == 1) {
    for (let row = 0; row < rows; row++) {
      store<f64>(out + (<usize>row << 3), extreme<T>(true, a + <usize>row * length * sizeof<T>(), length));
    }
    return;
  }
  for (let first = 0; first < rows; first += inner) {
    const found = out + (<usize>first << 3);
    for (let lane = 0; lane < inner; lane++) store<f64>(found + (<usize>lane << 3), -Infinity);
    for (let i = 0; i < length; i++) {
      for (let at = found; at < found + (<usize>inner << 3); at += 8) {
        store<f64>(at, max<f64>(load<f64>(at), <f64>load<T>(a)));
        a += sizeof<T>();
      }
    }
  }
}

export function rowSum_f32(out: usize, a: usize, rows: i32, length: i32, inner: i32): void {
  rowSum<f32>(out, a, rows, length, inner);
}
export function rowSum_f64(out: usize, a: usize, rows: i32, length: i32, inner: i32): void {
  rowSum<f64>(out, a, rows, length, inner);
}
export function rowDot_f32(out: usize, a: usize, b: usize, rows: i32, length: i32, inner: i32): void {
  rowDot<f32>(out, a, b, rows, length, inner);
}
export function rowDot_f64(out: usize, a: usize, b: usize, rows: i32, length: i32, inner: i32): void {
  rowDot<f64>(out, a, b, rows, length, inner);
}
export function rowLargest_f32(out: usize, a: usize, rows: i32, length: i32, inner: i32): void {
  rowLargest<f32>(out, a, rows, length, inner);
}
export function rowLargest_f64(out: usize, a: usize, rows: i32, length: i32, inner: i32): void {
  rowLargest<f64>(out, a, rows, length, inner);
}

// Each row's number at each of its elements; `start` is the place of the first element among those of the rows.
// @ts-ignore: decorator
@inline
function spread<T>(out: usize, values: usize, start: i32, length: i32, inner: i32, n: i32): void {
  if (inner == 1) {
    let row = start / length;
    let left = length - (start - row * length);
    let value = <T>load<f64>(values + (<usize>row << 3));
    for (let i = 0; i < n; i++) {
      if (left == 0) {
        row++;
        value = <T>load<f64>(values + (<usize>row << 3));
        left = length;
      }
      store<T>(out, value);
      out += sizeof<T>();
      left--;
    }
    return;
  }
  const block = length * inner;
  for (let i = start; i < start + n; i++) {
    const row = (i / block) * inner + (i % inner);
    store<T>(out, <T>load<f64>(values + (<usize>row << 3)));
    out += sizeof<T>();
  }
}
export function spread_f32(out: usize, values: usize, start: i32, length: i32, inner: i32, n: i32): void {
  spread<f32>(out, values, start, length, inner, n);
}
export function spread_f64(out: usize, values: usize, start: i32, length: i32, inner: i32, n: i32): void {
  spread<f64>(out, values, start, length, inner, n);
}

// Below this a row is sorted by insertion.
const SHORT = 48;

// Rank of |x| in its row, from 0 for the smallest to 1 for the largest; equal ones in their order, a lone one gets ½. A
// row has `length` elements that are `inner` apart. `scratch`: 16 · length + 8192 bytes.
// @ts-ignore: decorator
@inline
function rank<T>(out: usize, a: usize, scratch: usize, count: i32, length: i32, inner: i32): void {
  const step = <usize>inner * sizeof<T>();
  const unit: f64 = length > 1 ? 1.0 / <f64>(length - 1) : 0;
  const block = length * inner;
  for (let start = 0; start < count; start += block) {
    for (let lane = 0; lane < inner; lane++) {
      const from = a + <usize>(start + lane) * sizeof<T>();
      const to = out + <usize>(start + lane) * sizeof<T>();
      const sorted = sortRow<T>(from, step, scratch, length);
      for (let i = 0; i < length; i++) {
        const place = load<u32>(sorted + (<usize>i << 3), 4);
        store<T>(to + <usize>place * step, length == 1 ? <T>0.5 : <T>(<f64>i * unit));
      }
    }
  }
}

// Pairs (bits, index) in ascending order; gives where they lie.
// @ts-ignore: decorator
@inline
function sortRow<T>(from: usize, step: usize, scratch: usize, length: i32): usize {
  for (let i = 0; i < length; i++) {
    const bits = reinterpret<u32>(<f32>load<T>(from + <usize>i * step)) & 0x7fffffff;
    const at = scratch + (<usize>i << 3);
    store<u32>(at, bits);
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
  memory.fill(table, 0, 8192);
  for (let i = 0; i < length; i++) {
    const at = table + (<usize>((load<u32>(from + (<usize>i << 3)) >> shift) & 2047) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  let before: u32 = 0;
  for (let at = table; at < table + 8192; at += 4) {
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
