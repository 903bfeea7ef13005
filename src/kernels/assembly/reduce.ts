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
function sum<T>(a: usize, n: i32): f64 {
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
function dot<T>(a: usize, b: usize, n: i32): f64 {
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

/** NaN when any element is. */
// @ts-ignore: decorator
@inline
function extreme<T>(largest: bool, a: usize, n: i32): f64 {
  let result: f64 = largest ? -Infinity : Infinity;
  for (let i = 0; i < n; i++) {
    const x = <f64>load<T>(a + <usize>i * sizeof<T>());
    result = largest ? max<f64>(result, x) : min<f64>(result, x);
  }
  return result;
}

/** How many elements are NaN or infinite. */
export function countNonFinite_f32(a: usize, n: i32): f64 {
  const magnitude = i32x4.splat(0x7fffffff);
  const infinity = i32x4.splat(0x7f800000);
  let counts = i32x4.splat(0);
  let i = 0;
  for (; i + 4 <= n; i += 4) {
    counts = i32x4.sub(counts, i32x4.ge_s(v128.and(v128.load(a), magnitude), infinity));
    a += 16;
  }
  let count =
    i32x4.extract_lane(counts, 0) + i32x4.extract_lane(counts, 1) + i32x4.extract_lane(counts, 2) + i32x4.extract_lane(counts, 3);
  for (; i < n; i++) {
    count += i32((load<u32>(a) & 0x7fffffff) >= 0x7f800000);
    a += 4;
  }
  return <f64>count;
}

export function countNonFinite_f64(a: usize, n: i32): f64 {
  let count = 0;
  for (let i = 0; i < n; i++) {
    count += i32((load<u64>(a + (<usize>i << 3)) & 0x7fffffffffffffff) >= 0x7ff0000000000000);
  }
  return <f64>count;
}

export function sum_f32(a: usize, n: i32): f64 {
  return sum<f32>(a, n);
}
export function sum_f64(a: usize, n: i32): f64 {
  return sum<f64>(a, n);
}
export function dot_f32(a: usize, b: usize, n: i32): f64 {
  return dot<f32>(a, b, n);
}
export function dot_f64(a: usize, b: usize, n: i32): f64 {
  return dot<f64>(a, b, n);
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
