// Exponential and logarithm of four f32 at a time, within two units in the last place: argument reduction by powers of
// two, then a series whose first left out term is below half a unit. The same bits on every machine, as all is made of
// IEEE operations in a fixed order.

// @ts-ignore: decorator
@inline
const LN2_HIGH: f32 = 0.693145751953125;
// @ts-ignore: decorator
@inline
const LN2_LOW: f32 = 1.42860682030941723212e-6;
// @ts-ignore: decorator
@inline
const LOG2_E: f32 = 1.44269504088896340736;
/** From here on eˣ is infinite, and up to here it is 0: beyond half the smallest subnormal. */
// @ts-ignore: decorator
@inline
const EXP_MOST: f32 = 88.8;
// @ts-ignore: decorator
@inline
const EXP_LEAST: f32 = -104;

// @ts-ignore: decorator
@inline
function powerOfTwo(exponent: v128): v128 {
  return i32x4.shl(i32x4.add(exponent, i32x4.splat(127)), 23);
}

// One more factor of a polynomial in Horner's form.
// @ts-ignore: decorator
@inline
function horner(y: v128, x: v128, coefficient: f32): v128 {
  return f32x4.add(f32x4.mul(y, x), f32x4.splat(coefficient));
}

// eˣ = 2ⁿ · eʳ, |r| ≤ ln 2 / 2; 2ⁿ in two factors, as n goes from −150 to 128. NaN passes through `min` and `max`.
// @ts-ignore: decorator
@inline
function expVector(argument: v128): v128 {
  const x = f32x4.max(f32x4.min(argument, f32x4.splat(EXP_MOST)), f32x4.splat(EXP_LEAST));
  const n = f32x4.nearest(f32x4.mul(x, f32x4.splat(LOG2_E)));
  const rough = f32x4.sub(x, f32x4.mul(n, f32x4.splat(LN2_HIGH)));
  const r = f32x4.sub(rough, f32x4.mul(n, f32x4.splat(LN2_LOW)));
  let series = f32x4.splat(1.0 / 5040);
  series = horner(series, r, 1.0 / 720);
  series = horner(series, r, 1.0 / 120);
  series = horner(series, r, 1.0 / 24);
  series = horner(series, r, 1.0 / 6);
  series = horner(series, r, 0.5);
  const power = f32x4.add(f32x4.splat(1), f32x4.add(r, f32x4.mul(f32x4.mul(r, r), series)));
  const exponent = i32x4.trunc_sat_f32x4_s(n);
  const half = i32x4.shr_s(exponent, 1);
  return f32x4.mul(f32x4.mul(power, powerOfTwo(half)), powerOfTwo(i32x4.sub(exponent, half)));
}

// log x = n · ln 2 + 2 · artanh s, s = (m − 1) / (m + 1), √½ ≤ m ≤ √2.
// @ts-ignore: decorator
@inline
function logVector(argument: v128): v128 {
  const isSmall = f32x4.lt(argument, f32x4.splat(1.17549435e-38));
  const x = v128.bitselect(f32x4.mul(argument, f32x4.splat(8388608)), argument, isSmall);
  // The exponent of x / √½, so that what is left lies around 1.
  const shifted = i32x4.sub(x, i32x4.splat(0x3f3504f3));
  const exponent = i32x4.shr_s(shifted, 23);
  const m = i32x4.sub(x, i32x4.shl(exponent, 23));
  const n = f32x4.sub(f32x4.convert_i32x4_s(exponent), v128.and(isSmall, f32x4.splat(23)));
  const s = f32x4.div(f32x4.sub(m, f32x4.splat(1)), f32x4.add(m, f32x4.splat(1)));
  const square = f32x4.mul(s, s);
  let series = f32x4.splat(2.0 / 9);
  series = horner(series, square, 2.0 / 7);
  series = horner(series, square, 2.0 / 5);
  series = horner(series, square, 2.0 / 3);
  const twice = f32x4.add(s, s);
  const rest = f32x4.add(f32x4.mul(f32x4.mul(s, square), series), f32x4.mul(n, f32x4.splat(LN2_LOW)));
  const y = f32x4.add(f32x4.add(rest, twice), f32x4.mul(n, f32x4.splat(LN2_HIGH)));
  // +∞ and NaN stay; 0 gives −∞, and what is below it NaN.
  const isLarge = f32x4.lt(argument, f32x4.splat(Infinity));
  const finite = v128.bitselect(y, argument, isLarge);
  const positive = v128.bitselect(f32x4.splat(NaN), finite, f32x4.lt(argument, f32x4.splat(0)));
  return v128.bitselect(f32x4.splat(-Infinity), positive, f32x4.eq(argument, f32x4.splat(0)));
}

export function exp_f32(out: usize, a: usize, n: i32): void {
  for (const end = out + (<usize>n << 2); out < end; out += 16, a += 16) v128.store(out, expVector(v128.load(a)));
}

export function log_f32(out: usize, a: usize, n: i32): void {
  for (const end = out + (<usize>n << 2); out < end; out += 16, a += 16) v128.store(out, logVector(v128.load(a)));
}
