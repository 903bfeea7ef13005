// Reductions of one block to an f64. Four accumulators of two f64 lanes each, added in a fixed order: the result
// depends on the block alone.

// @ts-ignore: decorator
@inline
function laneSum(a: v128, b: v128, c: v128, d: v128): f64 {
  const total = f64x2.add(f64x2.add(a, b), f64x2.add(c, d));
  return f64x2.extract_lane(total, 0) + f64x2.extract_lane(total, 1);
}

// @ts-ignore: decorator
@inline
function lowPair<T>(at: usize): v128 {
  return sizeof<T>() == 4 ? f64x2.promote_low_f32x4(v128.load64_zero(at)) : v128.load(at);
}

// @ts-ignore: decorator
@inline
export function sum<T>(a: usize, n: i32): f64 {
  const zero = f64x2.splat(0);
  let s0 = zero,
    s1 = zero,
    s2 = zero,
    s3 = zero;
  const pair: usize = 2 * sizeof<T>();
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    s0 = f64x2.add(s0, lowPair<T>(a));
    s1 = f64x2.add(s1, lowPair<T>(a + pair));
    s2 = f64x2.add(s2, lowPair<T>(a + 2 * pair));
    s3 = f64x2.add(s3, lowPair<T>(a + 3 * pair));
    a += 4 * pair;
  }
  let rest: f64 = 0;
  for (; i < n; i++) {
    rest += <f64>load<T>(a);
    a += sizeof<T>();
  }
  return laneSum(s0, s1, s2, s3) + rest;
}

// @ts-ignore: decorator
@inline
export function dot<T>(a: usize, b: usize, n: i32): f64 {
  const zero = f64x2.splat(0);
  let s0 = zero,
    s1 = zero,
    s2 = zero,
    s3 = zero;
  const pair: usize = 2 * sizeof<T>();
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    s0 = f64x2.add(s0, f64x2.mul(lowPair<T>(a), lowPair<T>(b)));
    s1 = f64x2.add(s1, f64x2.mul(lowPair<T>(a + pair), lowPair<T>(b + pair)));
    s2 = f64x2.add(s2, f64x2.mul(lowPair<T>(a + 2 * pair), lowPair<T>(b + 2 * pair)));
    s3 = f64x2.add(s3, f64x2.mul(lowPair<T>(a + 3 * pair), lowPair<T>(b + 3 * pair)));
    a += 4 * pair;
    b += 4 * pair;
  }
  let rest: f64 = 0;
  for (; i < n; i++) {
    rest += <f64>load<T>(a) * <f64>load<T>(b);
    a += sizeof<T>();
    b += sizeof<T>();
  }
  return laneSum(s0, s1, s2, s3) + rest;
}

// The product with itself: each element is read and widened once.
// @ts-ignore: decorator
@inline
function square<T>(a: usize, n: i32): f64 {
  const zero = f64x2.splat(0);
  let s0 = zero,
    s1 = zero,
    s2 = zero,
    s3 = zero;
  const pair: usize = 2 * sizeof<T>();
  let i = 0;
  for (; i + 8 <= n; i += 8) {
    const x0 = lowPair<T>(a);
    const x1 = lowPair<T>(a + pair);
    const x2 = lowPair<T>(a + 2 * pair);
    const x3 = lowPair<T>(a + 3 * pair);
    s0 = f64x2.add(s0, f64x2.mul(x0, x0));
    s1 = f64x2.add(s1, f64x2.mul(x1, x1));
    s2 = f64x2.add(s2, f64x2.mul(x2, x2));
    s3 = f64x2.add(s3, f64x2.mul(x3, x3));
    a += 4 * pair;
  }
  let rest: f64 = 0;
  for (; i < n; i++) {
    const x = <f64>load<T>(a);
    rest += x * x;
    a += sizeof<T>();
  }
  return laneSum(s0, s1, s2, s3) + rest;
}

// @ts-ignore: decorator
@inline
function better<T>(isLargest: bool, x: v128, y: v128): v128 {
  return isLargest ? v128.max<T>(x, y) : v128.min<T>(x, y);
}

// NaN when any element is.
// @ts-ignore: decorator
@inline
export function extreme<T>(isLargest: bool, a: usize, n: i32): f64 {
  const start: T = isLargest ? <T>-Infinity : <T>Infinity;
  let lanes = v128.splat<T>(start);
  const perVector = 16 / <i32>sizeof<T>();
  let i = 0;
  // Four chains at a time: one comparison that minds NaN takes many cycles.
  let lanes1 = lanes;
  let lanes2 = lanes;
  let lanes3 = lanes;
  for (; i + 4 * perVector <= n; i += 4 * perVector) {
    lanes = better<T>(isLargest, lanes, v128.load(a));
    lanes1 = better<T>(isLargest, lanes1, v128.load(a, 16));
    lanes2 = better<T>(isLargest, lanes2, v128.load(a, 32));
    lanes3 = better<T>(isLargest, lanes3, v128.load(a, 48));
    a += 64;
  }
  lanes = better<T>(isLargest, better<T>(isLargest, lanes, lanes1), better<T>(isLargest, lanes2, lanes3));
  for (; i + perVector <= n; i += perVector) {
    lanes = better<T>(isLargest, lanes, v128.load(a));
    a += 16;
  }
  let result = start;
  for (; i < n; i++) {
    const x = load<T>(a);
    result = isLargest ? max<T>(result, x) : min<T>(result, x);
    a += sizeof<T>();
  }
  result = joined<T>(isLargest, result, v128.extract_lane<T>(lanes, 0));
  result = joined<T>(isLargest, result, v128.extract_lane<T>(lanes, 1));
  if (sizeof<T>() == 4) {
    result = joined<T>(isLargest, result, v128.extract_lane<T>(lanes, 2));
    result = joined<T>(isLargest, result, v128.extract_lane<T>(lanes, 3));
  }
  return <f64>result;
}

// @ts-ignore: decorator
@inline
function joined<T>(isLargest: bool, x: T, y: T): T {
  return isLargest ? max<T>(x, y) : min<T>(x, y);
}

export function sum_f32(a: usize, n: i32): f64 {
  return sum<f32>(a, n);
}
export function sum_f64(a: usize, n: i32): f64 {
  return sum<f64>(a, n);
}
export function dot_f32(a: usize, b: usize, n: i32): f64 {
  return a == b ? square<f32>(a, n) : dot<f32>(a, b, n);
}
export function dot_f64(a: usize, b: usize, n: i32): f64 {
  return a == b ? square<f64>(a, n) : dot<f64>(a, b, n);
}
export function largest_f32(a: usize, n: i32): f64 {
  return extreme<f32>(true, a, n);
}
export function largest_f64(a: usize, n: i32): f64 {
  return extreme<f64>(true, a, n);
}
export function smallest_f32(a: usize, n: i32): f64 {
  return extreme<f32>(false, a, n);
}
export function smallest_f64(a: usize, n: i32): f64 {
  return extreme<f64>(false, a, n);
}
