import { type Code, type VectorInstruction, vector } from "../../../kernels/wasm/code.js";
import type { ElementwiseName } from "../../expression/operations.js";

/** Gives code for a vector with these bits in each lane. */
export type Constant = (bits: number) => Code;

/** Writes an operation on vectors of f32. Operands may be repeated: they are variables. */
type VectorOperation = (operands: readonly Code[], constant: Constant) => Code;

const ONE = 0x3f800000;
const MINUS_ONE = 0xbf800000;

const instruction =
  (name: VectorInstruction): VectorOperation =>
  (operands) =>
    vector(name, ...operands);

/** 1 where the comparison holds, else 0. */
const truth =
  (name: VectorInstruction): VectorOperation =>
  (operands, constant) =>
    vector("v128.and", vector(name, ...operands), constant(ONE));

/**
 * The elementwise operations that have vector instructions: each does what the kernel of its name does, bit by bit.
 * The others (exponentials, powers) go element by element and stay kernels.
 */
export const VECTOR_OPERATIONS: Readonly<Partial<Record<ElementwiseName, VectorOperation>>> = {
  neg: instruction("f32x4.neg"),
  abs: instruction("f32x4.abs"),
  sqrt: instruction("f32x4.sqrt"),
  floor: instruction("f32x4.floor"),
  ceil: instruction("f32x4.ceil"),
  round: instruction("f32x4.nearest"),
  add: instruction("f32x4.add"),
  sub: instruction("f32x4.sub"),
  mul: instruction("f32x4.mul"),
  div: instruction("f32x4.div"),
  min: instruction("f32x4.min"),
  max: instruction("f32x4.max"),
  lt: truth("f32x4.lt"),
  le: truth("f32x4.le"),
  eq: truth("f32x4.eq"),
  ne: truth("f32x4.ne"),
  sign: ([x], constant) => {
    const positive = vector("v128.and", vector("f32x4.gt", x, constant(0)), constant(ONE));
    const negative = vector("v128.and", vector("f32x4.lt", x, constant(0)), constant(MINUS_ONE));
    // 0 and NaN stay as they are.
    const kept = vector("v128.or", vector("f32x4.eq", x, constant(0)), vector("f32x4.ne", x, x));
    return vector("v128.bitselect", x, vector("v128.or", positive, negative), kept);
  },
  agree: ([x, y], constant) => {
    const zero = constant(0);
    const below = vector("f32x4.lt", x, zero);
    const above = vector("f32x4.gt", x, zero);
    return vector("v128.and", x, vector("v128.bitselect", below, above, vector("f32x4.lt", y, zero)));
  },
  where: ([condition, then, otherwise], constant) =>
    vector("v128.bitselect", then, otherwise, vector("f32x4.ne", condition, constant(0))),
};
