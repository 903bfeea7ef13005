// The two halves of a step of Adam along the gradient of a quadratic. Each works on `n` elements, a multiple of 4.

// @ts-ignore: decorator
@inline
function loadChange<T>(at: usize): v128 {
  return sizeof<T>() == 4 ? f64x2.promote_low_f32x4(v128.load64_zero(at)) : v128.load(at);
}

// One step of Adam: takes `rate` · move from the values, and gives the move.
//
//     move = mean / ((1 − known) · (√(square / (1 − squareKnown)) + smallestRoot))
//
// `mean` and `square` follow the gradient and its square, forgetting at the rates given; `known` and `squareKnown` are
// those rates to the power of the count of steps.
export function adam_f64(
  move: usize,
  values: usize,
  gradient: usize,
  mean: usize,
  square: usize,
  n: i32,
  rate: f64,
  forgetting: f64,
  squareForgetting: f64,
  known: f64,
  squareKnown: f64,
  smallestRoot: f64,
): void {
  const meanShare = f64x2.splat(1 - forgetting);
  const squareShare = f64x2.splat(1 - squareForgetting);
  const meanKnown = f64x2.splat(1 - known);
  const rootKnown = f64x2.splat(1 - squareKnown);
  const least = f64x2.splat(smallestRoot);
  const pace = f64x2.splat(rate);
  for (let at: usize = 0, end = <usize>n << 3; at < end; at += 16) {
    const slope = v128.load(gradient + at);
    let m = v128.load(mean + at);
    m = f64x2.add(m, f64x2.mul(meanShare, f64x2.sub(slope, m)));
    v128.store(mean + at, m);
    let s = v128.load(square + at);
    s = f64x2.add(s, f64x2.mul(squareShare, f64x2.sub(f64x2.mul(slope, slope), s)));
    v128.store(square + at, s);
    const root = f64x2.add(f64x2.sqrt(f64x2.div(s, rootKnown)), least);
    const step = f64x2.div(m, f64x2.mul(meanKnown, root));
    v128.store(values + at, f64x2.sub(v128.load(values + at), f64x2.mul(pace, step)));
    v128.store(move + at, step);
  }
}

// gradient += factor · change, of which the gradient is f64.
// @ts-ignore: decorator
@inline
function addChange<T>(gradient: usize, change: usize, n: i32, factor: f64): void {
  const by = f64x2.splat(factor);
  for (let i: usize = 0; i < <usize>n; i += 2) {
    const at = gradient + (i << 3);
    v128.store(at, f64x2.add(v128.load(at), f64x2.mul(by, loadChange<T>(change + i * sizeof<T>()))));
  }
}

export function addChange_f32(gradient: usize, change: usize, n: i32, factor: f64): void {
  addChange<f32>(gradient, change, n, factor);
}
export function addChange_f64(gradient: usize, change: usize, n: i32, factor: f64): void {
  addChange<f64>(gradient, change, n, factor);
}
