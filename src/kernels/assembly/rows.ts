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

// @ts-ignore: decorator
@inline
function fillRun<T>(out: usize, value: T, n: i32): void {
  const vector = v128.splat<T>(value);
  const perVector = 16 / <i32>sizeof<T>();
  let i = 0;
  for (; i + perVector <= n; i += perVector, out += 16) v128.store(out, vector);
  for (; i < n; i++, out += sizeof<T>()) store<T>(out, value);
}

// Each row's number at each of its elements; `start` is the place of the first element among those of the rows.
// @ts-ignore: decorator
@inline
function spread<T>(out: usize, values: usize, start: i32, length: i32, inner: i32, n: i32): void {
  if (inner == 1) {
    let row = start / length;
    let left = length - (start - row * length);
    while (n > 0) {
      const run = min<i32>(left, n);
      fillRun<T>(out, <T>load<f64>(values + (<usize>row << 3)), run);
      out += <usize>run * sizeof<T>();
      n -= run;
      left = length;
      row++;
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
