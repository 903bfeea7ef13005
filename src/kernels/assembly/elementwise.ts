// Elementwise arithmetic in f32 and f64, one vector at a time.

// Four vectors a turn: the loop's own cost is then small beside theirs.
// @ts-ignore: decorator
@inline
const STEP: usize = 64;

// @ts-ignore: decorator
@inline
function blockBytes<T>(n: i32): usize {
  return <usize>n * sizeof<T>();
}

// @ts-ignore: decorator
@inline
function ones<T>(): v128 {
  return v128.splat<T>(<T>1);
}

export const enum Unary {
  Neg,
  Abs,
  Sqrt,
  Sign,
  Floor,
  Ceil,
  Round,
}

// @ts-ignore: decorator
@inline
function unaryVector<T>(op: Unary, x: v128): v128 {
  if (op == Unary.Neg) return v128.neg<T>(x);
  if (op == Unary.Abs) return v128.abs<T>(x);
  if (op == Unary.Sqrt) return v128.sqrt<T>(x);
  if (op == Unary.Floor) return v128.floor<T>(x);
  if (op == Unary.Ceil) return v128.ceil<T>(x);
  if (op == Unary.Round) return v128.nearest<T>(x);
  // Sign: ±1 where x is not 0; 0 and NaN stay as they are.
  const zero = v128.splat<T>(<T>0);
  const positive = v128.and(v128.gt<T>(x, zero), ones<T>());
  const negative = v128.and(v128.lt<T>(x, zero), v128.splat<T>(<T>-1));
  const moved = v128.or(positive, negative);
  const keep = v128.or(v128.eq<T>(x, zero), v128.ne<T>(x, x));
  return v128.bitselect(x, moved, keep);
}

// @ts-ignore: decorator
@inline
function unary<T>(op: Unary, out: usize, a: usize, n: i32): void {
  const end = out + blockBytes<T>(n);
  while (out < end) {
    v128.store(out, unaryVector<T>(op, v128.load(a)));
    v128.store(out, unaryVector<T>(op, v128.load(a, 16)), 16);
    v128.store(out, unaryVector<T>(op, v128.load(a, 32)), 32);
    v128.store(out, unaryVector<T>(op, v128.load(a, 48)), 48);
    out += STEP;
    a += STEP;
  }
}

export const enum Binary {
  Add,
  Sub,
  Mul,
  Div,
  Min,
  Max,
  Lt,
  Le,
  Eq,
  Ne,
  Agree,
}

// @ts-ignore: decorator
@inline
function binaryVector<T>(op: Binary, x: v128, y: v128): v128 {
  if (op == Binary.Add) return v128.add<T>(x, y);
  if (op == Binary.Sub) return v128.sub<T>(x, y);
  if (op == Binary.Mul) return v128.mul<T>(x, y);
  if (op == Binary.Div) return v128.div<T>(x, y);
  if (op == Binary.Min) return v128.min<T>(x, y);
  if (op == Binary.Max) return v128.max<T>(x, y);
  if (op == Binary.Lt) return v128.and(v128.lt<T>(x, y), ones<T>());
  if (op == Binary.Le) return v128.and(v128.le<T>(x, y), ones<T>());
  if (op == Binary.Eq) return v128.and(v128.eq<T>(x, y), ones<T>());
  if (op == Binary.Agree) {
    const zero = v128.splat<T>(<T>0);
    return v128.and(x, v128.bitselect(v128.lt<T>(x, zero), v128.gt<T>(x, zero), v128.lt<T>(y, zero)));
  }
  return v128.and(v128.ne<T>(x, y), ones<T>());
}

// @ts-ignore: decorator
@inline
function binary<T>(op: Binary, out: usize, a: usize, b: usize, n: i32): void {
  const end = out + blockBytes<T>(n);
  while (out < end) {
    v128.store(out, binaryVector<T>(op, v128.load(a), v128.load(b)));
    v128.store(out, binaryVector<T>(op, v128.load(a, 16), v128.load(b, 16)), 16);
    v128.store(out, binaryVector<T>(op, v128.load(a, 32), v128.load(b, 32)), 32);
    v128.store(out, binaryVector<T>(op, v128.load(a, 48), v128.load(b, 48)), 48);
    out += STEP;
    a += STEP;
    b += STEP;
  }
}

// @ts-ignore: decorator
@inline
function where<T>(out: usize, condition: usize, a: usize, b: usize, n: i32): void {
  const end = out + blockBytes<T>(n);
  const zero = v128.splat<T>(<T>0);
  while (out < end) {
    const mask = v128.ne<T>(v128.load(condition), zero);
    const mask1 = v128.ne<T>(v128.load(condition, 16), zero);
    v128.store(out, v128.bitselect(v128.load(a), v128.load(b), mask));
    v128.store(out, v128.bitselect(v128.load(a, 16), v128.load(b, 16), mask1), 16);
    out += 32;
    condition += 32;
    a += 32;
    b += 32;
  }
}

// @ts-ignore: decorator
@inline
function fill<T>(out: usize, value: T, n: i32): void {
  const end = out + blockBytes<T>(n);
  const vector = v128.splat<T>(value);
  while (out < end) {
    v128.store(out, vector);
    out += 16;
  }
}

// @ts-ignore: decorator
@inline
function scale<T>(out: usize, a: usize, factor: T, n: i32): void {
  const end = out + blockBytes<T>(n);
  const vector = v128.splat<T>(factor);
  while (out < end) {
    v128.store(out, v128.mul<T>(v128.load(a), vector));
    v128.store(out, v128.mul<T>(v128.load(a, 16), vector), 16);
    v128.store(out, v128.mul<T>(v128.load(a, 32), vector), 32);
    v128.store(out, v128.mul<T>(v128.load(a, 48), vector), 48);
    out += STEP;
    a += STEP;
  }
}

// out = a + factor · b, product and sum each rounded: the bytes of a separate scale and add.
// @ts-ignore: decorator
@inline
function addScaled<T>(out: usize, a: usize, b: usize, factor: T, n: i32): void {
  const end = out + blockBytes<T>(n);
  const vector = v128.splat<T>(factor);
  while (out < end) {
    v128.store(out, v128.add<T>(v128.load(a), v128.mul<T>(v128.load(b), vector)));
    v128.store(out, v128.add<T>(v128.load(a, 16), v128.mul<T>(v128.load(b, 16), vector)), 16);
    v128.store(out, v128.add<T>(v128.load(a, 32), v128.mul<T>(v128.load(b, 32), vector)), 32);
    v128.store(out, v128.add<T>(v128.load(a, 48), v128.mul<T>(v128.load(b, 48), vector)), 48);
    out += STEP;
    a += STEP;
    b += STEP;
  }
}

// Those without a form for vectors here are musl's, the same on every machine.
// @ts-ignore: decorator
@inline
function scalarUnary<T>(op: i32, out: usize, a: usize, n: i32): void {
  const end = out + blockBytes<T>(n);
  while (out < end) {
    const x = load<T>(a);
    let y: T;
    if (isFloat<T>() && sizeof<T>() == 4) {
      y = <T>Mathf.tanh(<f32>x);
    } else {
      if (op == 0) y = <T>Math.exp(<f64>x);
      else if (op == 1) y = <T>Math.log(<f64>x);
      else if (op == 2) y = <T>Math.tanh(<f64>x);
      else if (op == 3) y = <T>Math.acos(<f64>x);
      else if (op == 4) y = <T>Math.sin(<f64>x);
      else y = <T>Math.cos(<f64>x);
    }
    store<T>(out, y);
    out += sizeof<T>();
    a += sizeof<T>();
  }
}

// @ts-ignore: decorator
@inline
function power<T>(out: usize, a: usize, b: usize, n: i32): void {
  const end = out + blockBytes<T>(n);
  while (out < end) {
    // Computed in f64 so that the f32 result is that of the exact function, rounded, but for rare ties.
    store<T>(out, <T>Math.pow(<f64>load<T>(a), <f64>load<T>(b)));
    out += sizeof<T>();
    a += sizeof<T>();
    b += sizeof<T>();
  }
}

export function neg_f32(out: usize, a: usize, n: i32): void {
  unary<f32>(Unary.Neg, out, a, n);
}
export function abs_f32(out: usize, a: usize, n: i32): void {
  unary<f32>(Unary.Abs, out, a, n);
}
export function sqrt_f32(out: usize, a: usize, n: i32): void {
  unary<f32>(Unary.Sqrt, out, a, n);
}
export function sign_f32(out: usize, a: usize, n: i32): void {
  unary<f32>(Unary.Sign, out, a, n);
}
export function floor_f32(out: usize, a: usize, n: i32): void {
  unary<f32>(Unary.Floor, out, a, n);
}
export function ceil_f32(out: usize, a: usize, n: i32): void {
  unary<f32>(Unary.Ceil, out, a, n);
}
export function round_f32(out: usize, a: usize, n: i32): void {
  unary<f32>(Unary.Round, out, a, n);
}
export function add_f32(out: usize, a: usize, b: usize, n: i32): void {
  binary<f32>(Binary.Add, out, a, b, n);
}
export function sub_f32(out: usize, a: usize, b: usize, n: i32): void {
  binary<f32>(Binary.Sub, out, a, b, n);
}
export function mul_f32(out: usize, a: usize, b: usize, n: i32): void {
  binary<f32>(Binary.Mul, out, a, b, n);
}
export function div_f32(out: usize, a: usize, b: usize, n: i32): void {
  binary<f32>(Binary.Div, out, a, b, n);
}
export function min_f32(out: usize, a: usize, b: usize, n: i32): void {
  binary<f32>(Binary.Min, out, a, b, n);
}
export function max_f32(out: usize, a: usize, b: usize, n: i32): void {
  binary<f32>(Binary.Max, out, a, b, n);
}
export function lt_f32(out: usize, a: usize, b: usize, n: i32): void {
  binary<f32>(Binary.Lt, out, a, b, n);
}
export function le_f32(out: usize, a: usize, b: usize, n: i32): void {
  binary<f32>(Binary.Le, out, a, b, n);
}
export function eq_f32(out: usize, a: usize, b: usize, n: i32): void {
  binary<f32>(Binary.Eq, out, a, b, n);
}
export function ne_f32(out: usize, a: usize, b: usize, n: i32): void {
  binary<f32>(Binary.Ne, out, a, b, n);
}
export function agree_f32(out: usize, a: usize, b: usize, n: i32): void {
  binary<f32>(Binary.Agree, out, a, b, n);
}
export function tanh_f32(out: usize, a: usize, n: i32): void {
  scalarUnary<f32>(2, out, a, n);
}
export function pow_f32(out: usize, a: usize, b: usize, n: i32): void {
  power<f32>(out, a, b, n);
}
export function where_f32(out: usize, condition: usize, a: usize, b: usize, n: i32): void {
  where<f32>(out, condition, a, b, n);
}
export function fill_f32(out: usize, value: f32, n: i32): void {
  fill<f32>(out, value, n);
}
export function scale_f32(out: usize, a: usize, factor: f32, n: i32): void {
  scale<f32>(out, a, factor, n);
}
export function addScaled_f32(out: usize, a: usize, b: usize, factor: f32, n: i32): void {
  addScaled<f32>(out, a, b, factor, n);
}

export function neg_f64(out: usize, a: usize, n: i32): void {
  unary<f64>(Unary.Neg, out, a, n);
}
export function abs_f64(out: usize, a: usize, n: i32): void {
  unary<f64>(Unary.Abs, out, a, n);
}
export function sqrt_f64(out: usize, a: usize, n: i32): void {
  unary<f64>(Unary.Sqrt, out, a, n);
}
export function sign_f64(out: usize, a: usize, n: i32): void {
  unary<f64>(Unary.Sign, out, a, n);
}
export function floor_f64(out: usize, a: usize, n: i32): void {
  unary<f64>(Unary.Floor, out, a, n);
}
export function ceil_f64(out: usize, a: usize, n: i32): void {
  unary<f64>(Unary.Ceil, out, a, n);
}
export function round_f64(out: usize, a: usize, n: i32): void {
  unary<f64>(Unary.Round, out, a, n);
}
export function add_f64(out: usize, a: usize, b: usize, n: i32): void {
  binary<f64>(Binary.Add, out, a, b, n);
}
export function sub_f64(out: usize, a: usize, b: usize, n: i32): void {
  binary<f64>(Binary.Sub, out, a, b, n);
}
export function mul_f64(out: usize, a: usize, b: usize, n: i32): void {
  binary<f64>(Binary.Mul, out, a, b, n);
}
export function div_f64(out: usize, a: usize, b: usize, n: i32): void {
  binary<f64>(Binary.Div, out, a, b, n);
}
export function min_f64(out: usize, a: usize, b: usize, n: i32): void {
  binary<f64>(Binary.Min, out, a, b, n);
}
export function max_f64(out: usize, a: usize, b: usize, n: i32): void {
  binary<f64>(Binary.Max, out, a, b, n);
}
export function lt_f64(out: usize, a: usize, b: usize, n: i32): void {
  binary<f64>(Binary.Lt, out, a, b, n);
}
export function le_f64(out: usize, a: usize, b: usize, n: i32): void {
  binary<f64>(Binary.Le, out, a, b, n);
}
export function eq_f64(out: usize, a: usize, b: usize, n: i32): void {
  binary<f64>(Binary.Eq, out, a, b, n);
}
export function ne_f64(out: usize, a: usize, b: usize, n: i32): void {
  binary<f64>(Binary.Ne, out, a, b, n);
}
export function agree_f64(out: usize, a: usize, b: usize, n: i32): void {
  binary<f64>(Binary.Agree, out, a, b, n);
}
export function exp_f64(out: usize, a: usize, n: i32): void {
  scalarUnary<f64>(0, out, a, n);
}
export function log_f64(out: usize, a: usize, n: i32): void {
  scalarUnary<f64>(1, out, a, n);
}
export function tanh_f64(out: usize, a: usize, n: i32): void {
  scalarUnary<f64>(2, out, a, n);
}
// Of numbers of rows only, which are f64.
export function acos_f64(out: usize, a: usize, n: i32): void {
  scalarUnary<f64>(3, out, a, n);
}
export function sin_f64(out: usize, a: usize, n: i32): void {
  scalarUnary<f64>(4, out, a, n);
}
export function cos_f64(out: usize, a: usize, n: i32): void {
  scalarUnary<f64>(5, out, a, n);
}
export function pow_f64(out: usize, a: usize, b: usize, n: i32): void {
  power<f64>(out, a, b, n);
}
export function where_f64(out: usize, condition: usize, a: usize, b: usize, n: i32): void {
  where<f64>(out, condition, a, b, n);
}
export function fill_f64(out: usize, value: f64, n: i32): void {
  fill<f64>(out, value, n);
}
export function scale_f64(out: usize, a: usize, factor: f64, n: i32): void {
  scale<f64>(out, a, factor, n);
}
export function addScaled_f64(out: usize, a: usize, b: usize, factor: f64, n: i32): void {
  addScaled<f64>(out, a, b, factor, n);
}
