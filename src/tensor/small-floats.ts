/**
 * Scalar conversions between 16- and 8-bit floating-point formats and JavaScript numbers. Rounding is to the
 * nearest, ties to even, straight from the f32 value. The SIMD kernels agree with these bit for bit.
 */

const floatView = new Float32Array(1);
const bitsView = new Uint32Array(floatView.buffer);

function floatFromBits(bits: number): number {
  bitsView[0] = bits;
  return floatView[0];
}

function bitsOf(value: number): number {
  floatView[0] = value;
  return bitsView[0];
}

export function bf16ToNumber(bits: number): number {
  return floatFromBits(bits << 16);
}

/** Every NaN becomes 0x7fc0. */
export function numberToBf16(value: number): number {
  const bits = bitsOf(value);
  if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fc0;
  return (bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16;
}

/** A format with `exponentBits`, `mantissaBits`, a bias, and its way to write what it cannot hold. */
interface SmallFloat {
  readonly mantissaBits: number;
  readonly bias: number;
  /** Bits of the largest finite value, without sign. */
  readonly largest: number;
  /** Bits written for values that round above the largest: infinity, or NaN where there is none. */
  readonly overflow: number;
  readonly nan: number;
  readonly signShift: number;
}

const F16: SmallFloat = { mantissaBits: 10, bias: 15, largest: 0x7bff, overflow: 0x7c00, nan: 0x7e00, signShift: 15 };
const F8_E4M3: SmallFloat = { mantissaBits: 3, bias: 7, largest: 0x7e, overflow: 0x7f, nan: 0x7f, signShift: 7 };
const F8_E5M2: SmallFloat = { mantissaBits: 2, bias: 15, largest: 0x7b, overflow: 0x7c, nan: 0x7f, signShift: 7 };

function decode(format: SmallFloat, bits: number): number {
  const sign = (bits >>> format.signShift) & 1 ? -1 : 1;
  const magnitude = bits & ((1 << format.signShift) - 1);
  if (magnitude > format.largest)
    return magnitude === format.overflow && format.overflow !== format.nan ? sign * Infinity : Number.NaN;
  const exponent = magnitude >>> format.mantissaBits;
  const mantissa = magnitude & ((1 << format.mantissaBits) - 1);
  const scale = 2 ** -format.mantissaBits;
  return exponent === 0
    ? sign * mantissa * scale * 2 ** (1 - format.bias)
    : sign * (1 + mantissa * scale) * 2 ** (exponent - format.bias);
}

function encode(format: SmallFloat, value: number): number {
  const bits = bitsOf(value);
  const sign = (bits >>> 31) << format.signShift;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return format.nan;
  if (magnitude === 0x7f800000) return sign | format.overflow;
  const exponent = (magnitude >>> 23) - 127 + format.bias;
  const dropped = 23 - format.mantissaBits;
  if (exponent <= 0) {
    // Below the smallest normal: the mantissa with its leading 1, shifted to the format's fixed scale.
    const shift = dropped + 1 - exponent;
    if (shift > 25) return sign;
    return sign | roundedShift((magnitude & 0x7fffff) | 0x800000, shift);
  }
  const rounded = roundedShift((exponent << 23) | (magnitude & 0x7fffff), dropped);
  return sign | (rounded > format.largest ? format.overflow : rounded);
}

/** `value / 2^shift`, rounded to the nearest, ties to even. */
function roundedShift(value: number, shift: number): number {
  const floor = Math.floor(value / 2 ** shift);
  const rest = value - floor * 2 ** shift;
  const half = 2 ** (shift - 1);
  return rest > half || (rest === half && floor % 2 === 1) ? floor + 1 : floor;
}

export const f16ToNumber = (bits: number): number => decode(F16, bits);
/** Values that round above 65504 become infinity. */
export const numberToF16 = (value: number): number => encode(F16, value);
export const f8E4m3ToNumber = (bits: number): number => decode(F8_E4M3, bits);
/** Values that round above 448 become NaN, as in PyTorch: the format has no infinity. */
export const numberToF8E4m3 = (value: number): number => encode(F8_E4M3, value);
export const f8E5m2ToNumber = (bits: number): number => decode(F8_E5M2, bits);
/** Values that round above 57344 become infinity. */
export const numberToF8E5m2 = (value: number): number => encode(F8_E5M2, value);
