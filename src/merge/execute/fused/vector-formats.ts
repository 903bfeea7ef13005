import {
  type Code,
  integer,
  loadVector,
  local,
  setLocal,
  shuffle,
  storeVector,
  vector,
} from "../../../kernels/wasm/code.js";
import type { DType } from "../../../tensor/dtype.js";
import type { LoopWriter, Place } from "./loop-writer.js";

/** Two variables that hold eight elements. */
export type Pair = readonly [low: number, high: number];

/** How eight elements come from a stored format and go to it: bit by bit as the kernels of its name do. */
export interface VectorFormat {
  /** Where they are checked, blocks with an element that is not finite are doubted. */
  readonly load: (writer: LoopWriter, place: Place, out: Pair, isChecked: boolean) => void;
  /** NaN may come out as anything where `leavesNaN`: such blocks must be doubted. */
  readonly store: (writer: LoopWriter, place: Place, values: Pair) => void;
  readonly leavesNaN?: true;
}

/** Doubts the block where one of four f32 is not finite. */
export function doubtNonFinite(writer: LoopWriter, values: Code): void {
  writer.doubtAbove(0x7f7fffff, "i32x4", vector("v128.and", values, writer.constant(0x7fffffff)));
}

const at = ({ address, offset }: Place, bytes: number): Code => loadVector(address, offset + bytes);

/** The 16-bit lanes of the low or high half of a vector, each behind 16 bits of another. */
const interleave = (low: Code, high: Code, half: 0 | 1): Code =>
  shuffle(
    low,
    high,
    Array.from({ length: 16 }, (_, byte) => half * 8 + (byte >> 2) * 2 + (byte & 1) + (byte & 2) * 8),
  );

const f32: VectorFormat = {
  load: (writer, place, out, isChecked) => {
    for (const [half, variable] of out.entries()) {
      writer.inTurn(setLocal(variable, at(place, 16 * half)));
      if (isChecked) doubtNonFinite(writer, local(variable));
    }
  },
  store: (writer, { address, offset }, values) => {
    for (const [half, variable] of values.entries()) {
      writer.inTurn(storeVector(address, offset + 16 * half, local(variable)));
    }
  },
};

const bf16: VectorFormat = {
  // Rounding carries some over to numbers.
  leavesNaN: true,
  load: (writer, place, out, isChecked) => {
    const stored = writer.variable();
    writer.inTurn(setLocal(stored, at(place, 0)));
    if (isChecked) {
      writer.doubtAbove(0x7f7f7f7f, "i16x8", vector("v128.and", local(stored), writer.constant(0x7fff7fff)));
    }
    for (const half of [0, 1] as const) {
      writer.inTurn(setLocal(out[half], interleave(writer.constant(0), local(stored), half)));
    }
  },
  store: (writer, { address, offset }, values) => {
    const [low, high] = values.map((variable) => {
      const x = local(variable);
      const odd = vector("v128.and", vector("i32x4.shr_u", x, integer(16)), writer.constant(1));
      const rounded = vector("i32x4.add", vector("i32x4.add", x, writer.constant(0x7fff)), odd);
      // The arithmetic shift keeps upper halves within i16, so that narrowing does not saturate.
      return vector("i32x4.shr_s", rounded, integer(16));
    });
    writer.inTurn(storeVector(address, offset, vector("i16x8.narrow_i32x4_s", low, high)));
  },
};

const f16: VectorFormat = {
  load: (writer, place, out, isChecked) => {
    const stored = writer.variable();
    writer.inTurn(setLocal(stored, at(place, 0)));
    if (isChecked) {
      writer.doubtAbove(0x7bff7bff, "i16x8", vector("v128.and", local(stored), writer.constant(0x7fff7fff)));
    }
    for (const [half, variable] of out.entries()) {
      const widened = writer.variable();
      const extend = half === 0 ? "i32x4.extend_low_i16x8_u" : "i32x4.extend_high_i16x8_u";
      writer.inTurn(setLocal(widened, vector(extend, local(stored))));
      writer.inTurn(setLocal(variable, f16Value(writer, local(widened))));
    }
  },
  store: (writer, { address, offset }, values) => {
    const [low, high] = values.map((variable) => f16Bits(writer, local(variable)));
    writer.inTurn(storeVector(address, offset, vector("i16x8.narrow_i32x4_u", low, high)));
  },
};

/** The exponent is re-biased by one multiplication; infinity and NaN get the all-ones exponent afterwards. */
function f16Value(writer: LoopWriter, bits: Code): Code {
  const magnitudeBits = writer.constant(0x7fff);
  const sign = vector("i32x4.shl", vector("v128.andnot", bits, magnitudeBits), integer(16));
  const magnitude = vector("i32x4.shl", vector("v128.and", bits, magnitudeBits), integer(13));
  const isSpecial = vector("i32x4.gt_s", magnitude, writer.constant(0x0f7fffff));
  const value = vector("v128.or", vector("f32x4.mul", magnitude, writer.constant(0x77800000)), sign);
  return vector("v128.or", value, vector("v128.and", isSpecial, writer.constant(0x7f800000)));
}

/** Rounds to f16 in the lower half of each lane: normal results in whole numbers, subnormal ones by adding ½. */
function f16Bits(writer: LoopWriter, x: Code): Code {
  const variable = writer.variable();
  writer.inTurn(setLocal(variable, vector("v128.and", x, writer.constant(0x7fffffff))));
  const magnitude = local(variable);
  const sign = vector("i32x4.shr_u", vector("v128.andnot", x, writer.constant(0x7fffffff)), integer(16));
  const odd = vector("v128.and", vector("i32x4.shr_u", magnitude, integer(13)), writer.constant(1));
  const rebased = vector("i32x4.sub", magnitude, writer.constant(((127 - 15) << 23) - 0xfff));
  const normal = vector("i32x4.shr_u", vector("i32x4.add", rebased, odd), integer(13));
  const half = writer.constant(0x3f000000);
  const subnormal = vector("i32x4.sub", vector("f32x4.add", magnitude, half), half);
  const isSmall = vector("i32x4.lt_s", magnitude, writer.constant(0x38800000));
  const finite = vector("v128.bitselect", subnormal, normal, isSmall);
  const isLarge = vector("i32x4.gt_s", magnitude, writer.constant(0x477fefff));
  const bits = vector("v128.bitselect", writer.constant(0x7c00), finite, isLarge);
  const signed = vector("v128.or", bits, sign);
  return vector("v128.bitselect", writer.constant(0x7e00), signed, vector("f32x4.ne", x, x));
}

/** Formats that have one; the others are read and written by kernels. */
export const VECTOR_FORMATS: Readonly<Partial<Record<DType, VectorFormat>>> = { f32, bf16, f16 };
