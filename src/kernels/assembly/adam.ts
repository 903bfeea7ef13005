// The two halves of a step of Adam along the gradient of a quadratic. Each works on `n` elements, a multiple of 4.

/**
 * One step of Adam: takes `rate` · move from the values, and gives move in f32.
 *
 *     move = mean / ((1 − known) · (√(square / (1 − squareKnown)) + smallestRoot))
 *
 * `mean` and `square` follow the gradient and its square, forgetting at the rates given; `known` and `squareKnown` are
 * those rates to the power of the count of steps.
 */
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
  for (let i = 0; i < n; i += 2) {
    const at = <usize>i << 3;
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
    v128.store64_lane(move + (<usize>i << 2), f32x4.demote_f64x2_zero(step), 0);
  }
}

/** gradient += factor · change: f64 and f32. */
export function addChange_f64(gradient: usize, change: usize, n: i32, factor: f64): void {
  const by = f64x2.splat(factor);
  for (let i = 0; i < n; i += 2) {
    const at = gradient + (<usize>i << 3);
    const own = f64x2.promote_low_f32x4(v128.load64_zero(change + (<usize>i << 2)));
    v128.store(at, f64x2.add(v128.load(at), f64x2.mul(by, own)));
  }
}
