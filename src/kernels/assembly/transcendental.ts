// Exponential and logarithm of four f32 at a time, within two units in the last place: argument reduction by powers of
// two, then a series whose first left out term is below half a unit. The same bits on every machine, as all is made of
// IEEE operations in a fixed order.

import { held, heldFloat } from "./held";

const LN2_HIGH: f32 = 0.693145751953125;
const LN2_LOW: f32 = 1.42860682030941723212e-6;
const LOG2_E: f32 = 1.44269504088896340736;
// From here on eˣ is infinite, and up to there it is 0: below half the smallest subnormal.
const EXP_MOST: f32 = 88.8;
const EXP_LEAST: f32 = -104;

// One more factor of a polynomial in Horner's form.
// @ts-ignore: decorator
@inline
function horner(y: v128, x: v128, coefficient: v128): v128 {
  return f32x4.add(f32x4.mul(y, x), coefficient);
}

// Up to there, of either sign, eˣ is a normal number.
const EXP_NORMAL: f32 = 87;

// Whether truths are so in all lanes.
// @ts-ignore: decorator
@inline
function isAll(truths: v128): bool {
  return v128.bitmask<i32>(truths) == 15;
}

// eˣ = 2ⁿ · eʳ, |r| ≤ ln 2 / 2. Where all four are normal numbers, n is added to the exponent of eʳ; else 2ⁿ is multiplied
// by in two factors, as n goes from −150 to 128. NaN passes through `pmin` and `pmax`, as their first operand.
export function exp_f32(out: usize, a: usize, n: i32): void {
  const most = heldFloat(EXP_MOST);
  const least = heldFloat(EXP_LEAST);
  const normal = heldFloat(EXP_NORMAL);
  const log2e = heldFloat(LOG2_E);
  // Added to a small number, it leaves the nearest whole number in the lowest bits.
  const shift = heldFloat(12582912);
  const ln2High = heldFloat(LN2_HIGH);
  const ln2Low = heldFloat(LN2_LOW);
  const c7 = heldFloat(1.0 / 5040);
  const c6 = heldFloat(1.0 / 720);
  const c5 = heldFloat(1.0 / 120);
  const c4 = heldFloat(1.0 / 24);
  const c3 = heldFloat(1.0 / 6);
  const c2 = heldFloat(0.5);
  const one = heldFloat(1);
  const bias = held(127);
  for (const end = out + (<usize>n << 2); out < end; out += 16, a += 16) {
    const argument = v128.load(a);
    const isNormal = isAll(f32x4.le(f32x4.abs(argument), normal));
    const x = isNormal ? argument : f32x4.pmax(f32x4.pmin(argument, most), least);
    const shifted = f32x4.add(f32x4.mul(x, log2e), shift);
    const whole = f32x4.sub(shifted, shift);
    const r = f32x4.sub(f32x4.sub(x, f32x4.mul(whole, ln2High)), f32x4.mul(whole, ln2Low));
    const series = horner(horner(horner(horner(horner(c7, r, c6), r, c5), r, c4), r, c3), r, c2);
    const power = f32x4.add(one, f32x4.add(r, f32x4.mul(f32x4.mul(r, r), series)));
    if (isNormal) {
      // The bits above the whole number are shifted out.
      v128.store(out, i32x4.add(power, i32x4.shl(shifted, 23)));
      continue;
    }
    const exponent = i32x4.sub(shifted, shift);
    const half = i32x4.shr_s(exponent, 1);
    const first = i32x4.shl(i32x4.add(half, bias), 23);
    const second = i32x4.shl(i32x4.add(i32x4.sub(exponent, half), bias), 23);
    v128.store(out, f32x4.mul(f32x4.mul(power, first), second));
  }
}

// log x = n · ln 2 + 2 · artanh s, s = (m − 1) / (m + 1), √½ ≤ m ≤ √2. Subnormal numbers are raised to normal ones first.
export function log_f32(out: usize, a: usize, n: i32): void {
  const zero = held(0);
  const one = heldFloat(1);
  const normal = heldFloat(1.17549435e-38);
  const raising = heldFloat(8388608);
  const raised = heldFloat(23);
  const infinity = heldFloat(Infinity);
  const minusInfinity = heldFloat(-Infinity);
  const nan = held(0x7fc00000);
  const middle = held(0x3f3504f3);
  const ln2High = heldFloat(LN2_HIGH);
  const ln2Low = heldFloat(LN2_LOW);
  const c9 = heldFloat(2.0 / 9);
  const c7 = heldFloat(2.0 / 7);
  const c5 = heldFloat(2.0 / 5);
  const c3 = heldFloat(2.0 / 3);
  for (const end = out + (<usize>n << 2); out < end; out += 16, a += 16) {
    const argument = v128.load(a);
    const isSmall = f32x4.lt(argument, normal);
    const isNormal = isAll(v128.andnot(f32x4.lt(argument, infinity), isSmall));
    const x = isNormal ? argument : v128.bitselect(f32x4.mul(argument, raising), argument, isSmall);
    // The exponent of x / √½, so that what is left lies around 1.
    const exponent = i32x4.shr_s(i32x4.sub(x, middle), 23);
    const m = i32x4.sub(x, i32x4.shl(exponent, 23));
    let whole = f32x4.convert_i32x4_s(exponent);
    if (!isNormal) whole = f32x4.sub(whole, v128.and(isSmall, raised));
    const s = f32x4.div(f32x4.sub(m, one), f32x4.add(m, one));
    const square = f32x4.mul(s, s);
    const series = horner(horner(horner(c9, square, c7), square, c5), square, c3);
    const rest = f32x4.add(f32x4.mul(f32x4.mul(s, square), series), f32x4.mul(whole, ln2Low));
    const y = f32x4.add(f32x4.add(rest, f32x4.add(s, s)), f32x4.mul(whole, ln2High));
    if (isNormal) {
      v128.store(out, y);
      continue;
    }
    // +∞ and NaN stay; 0 gives −∞, and what is below it NaN.
    const finite = v128.bitselect(y, argument, f32x4.lt(argument, infinity));
    const positive = v128.bitselect(nan, finite, f32x4.lt(argument, zero));
    v128.store(out, v128.bitselect(minusInfinity, positive, f32x4.eq(argument, zero)));
  }
}
