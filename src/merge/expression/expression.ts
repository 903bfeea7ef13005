import type { RandomStream } from "../../core/random.js";
import {
  ELEMENTWISE,
  type ElementwiseName,
  type ReductionName,
  type RowReductionName,
  SCALAR_ONLY,
  type ScalarOnlyName,
  type TallyName,
} from "./operations.js";

/**
 * A formula over the tensors of one key, as plain data. It stands for a tensor when an input reaches it by
 * elementwise operations; for one number a row when reductions of rows do; else for a number.
 */
export type Expression =
  | { readonly kind: "input"; readonly model: number }
  | { readonly kind: "number"; readonly value: number }
  /** The number of elements of the tensor. */
  | { readonly kind: "count" }
  | {
      readonly kind: "apply";
      readonly operation: ElementwiseName | ScalarOnlyName;
      readonly args: readonly Expression[];
    }
  | { readonly kind: "reduce"; readonly reduction: ReductionName; readonly args: readonly Expression[] }
  /** Several numbers from numbers, by a function that no operation stands for; `part` takes one of them. */
  | { readonly kind: "solve"; readonly compute: Solver; readonly args: readonly Expression[] }
  | { readonly kind: "part"; readonly place: number; readonly args: readonly Expression[] }
  /** Numbers in [0, 1), drawn for each element by its index. */
  | { readonly kind: "random"; readonly stream: RandomStream }
  /** A table of how often digits of x occur, see `TALLIES`; args: x and, when the lower part is counted, the upper. */
  | { readonly kind: "tally"; readonly digit: TallyName; readonly args: readonly Expression[] }
  /** The digit of the k-th largest element that a table counts, or its place (from 1) among that digit; args: table, k. */
  | { readonly kind: "nth"; readonly gives: "digit" | "place"; readonly args: readonly Expression[] }
  /** x where |x| is above a threshold (as bits), or equal and among the first few; args: x, threshold, few, low table. */
  | { readonly kind: "take"; readonly args: readonly Expression[] }
  /** One number for each row, a run of `rows.length` elements. */
  | {
      readonly kind: "rowReduce";
      readonly reduction: RowReductionName;
      readonly rows: Rows;
      readonly args: readonly Expression[];
    }
  /** Rank of |x| in its row, from 0 for the smallest to 1 for the largest. */
  | { readonly kind: "rank"; readonly rows: Rows; readonly args: readonly Expression[] }
  /** 1 where y < least + spread · rank of |x| in its row, else 0; args: x, y. */
  | {
      readonly kind: "belowRank";
      readonly rows: Rows;
      readonly least: number;
      readonly spread: number;
      readonly args: readonly Expression[];
    }
  /** Its argument, found in one sweep and kept for the later ones that need it. */
  | { readonly kind: "kept"; readonly args: readonly Expression[] };

/** Lines of a tensor along one axis: their elements are `inner` apart, and `length · inner` of them make a whole. */
export interface Rows {
  readonly length: number;
  readonly inner: number;
}

/** The same function object, and the same values, stand for the same result. */
export type Solver = (values: readonly number[]) => readonly number[];

type Operand = Expression | number;

/** The expressions that another is made of. */
export const argsOf = (expression: Expression): readonly Expression[] => ("args" in expression ? expression.args : []);

/** What there is one value for. */
export type Extent = "number" | "row" | "tensor";

const extents = new WeakMap<Expression, Extent>();

/** Whether the expression gives a value for each element, for each row, or one altogether. */
export function extentOf(expression: Expression): Extent {
  switch (expression.kind) {
    case "input":
    case "random":
    case "take":
    case "rank":
    case "belowRank":
      return "tensor";
    case "rowReduce":
      return "row";
    case "kept":
      return extentOf(expression.args[0]);
    case "apply": {
      let known = extents.get(expression);
      if (known === undefined) {
        const args = expression.args.map(extentOf);
        known = args.includes("tensor") ? "tensor" : args.includes("row") ? "row" : "number";
        extents.set(expression, known);
      }
      return known;
    }
    default:
      return "number";
  }
}

/** Whether the expression gives one value for each element. */
export const isTensor = (expression: Expression): boolean => extentOf(expression) === "tensor";

/** The tensor of a model, counted from 0 in the order they were given. */
export const input = (model: number): Expression => ({ kind: "input", model });
export const constant = (value: number): Expression => ({ kind: "number", value });
export const elementCountOf: Expression = { kind: "count" };

const operand = (value: Operand): Expression => (typeof value === "number" ? constant(value) : value);

/**
 * Applies an operation; folds numbers, drops a multiplication or division by 1, and multiplies instead of dividing by a
 * power of two, which gives the same number sooner.
 *
 * The caller makes sure that the count of arguments is right and that `SCALAR_ONLY` operations get numbers.
 */
export function apply(operation: ElementwiseName | ScalarOnlyName, ...operands: readonly Operand[]): Expression {
  const args = operands.map(operand);
  if (args.every((arg) => arg.kind === "number")) {
    const { evaluate } =
      operation in ELEMENTWISE ? ELEMENTWISE[operation as ElementwiseName] : SCALAR_ONLY[operation as ScalarOnlyName];
    return constant((evaluate as (...values: number[]) => number)(...args.map((arg) => arg.value)));
  }
  const isOne = (arg: Expression): boolean => arg.kind === "number" && arg.value === 1;
  if (operation === "mul" && isOne(args[0])) return args[1];
  if ((operation === "mul" || operation === "div") && isOne(args[1])) return args[0];
  const [x, y] = args;
  if (operation === "div" && y.kind === "number" && isPowerOfTwo(y.value)) return mul(x, 1 / y.value);
  return { kind: "apply", operation, args };
}

/** Whether the number is 2ⁿ with n so small that 2⁻ⁿ is a normal f32 as well. */
function isPowerOfTwo(value: number): boolean {
  const power = Math.round(Math.log2(value));
  return value > 0 && Math.abs(power) <= 126 && 2 ** power === value;
}

function reduce(reduction: ReductionName, ...args: readonly Expression[]): Expression {
  return { kind: "reduce", reduction, args };
}

export const neg = (x: Operand): Expression => apply("neg", x);
export const abs = (x: Operand): Expression => apply("abs", x);
export const sqrt = (x: Operand): Expression => apply("sqrt", x);
export const sign = (x: Operand): Expression => apply("sign", x);
export const exp = (x: Operand): Expression => apply("exp", x);
export const log = (x: Operand): Expression => apply("log", x);
export const add = (x: Operand, y: Operand): Expression => apply("add", x, y);
export const sub = (x: Operand, y: Operand): Expression => apply("sub", x, y);
export const mul = (x: Operand, y: Operand): Expression => apply("mul", x, y);
export const div = (x: Operand, y: Operand): Expression => apply("div", x, y);
export const min = (x: Operand, y: Operand): Expression => apply("min", x, y);
export const max = (x: Operand, y: Operand): Expression => apply("max", x, y);
export const lt = (x: Operand, y: Operand): Expression => apply("lt", x, y);
export const le = (x: Operand, y: Operand): Expression => apply("le", x, y);
export const eq = (x: Operand, y: Operand): Expression => apply("eq", x, y);
export const where = (condition: Operand, then: Operand, otherwise: Operand): Expression =>
  apply("where", condition, then, otherwise);

/**
 * The first `count` results of a function of numbers. It runs between sweeps, in f64, once a tensor.
 *
 * @param compute a function that is one object for all calls, so that equal formulas are seen to be equal
 */
export function solve(compute: Solver, args: readonly Operand[], count: number): Expression[] {
  const solved: Expression = { kind: "solve", compute, args: args.map(operand) };
  return Array.from({ length: count }, (_, place) => ({ kind: "part", place, args: [solved] }));
}

/**
 * The same values, found once where several sweeps need them: for what costs more to find than to keep.
 *
 * @param x one number a row, or a tensor of truths (0 or 1), of which a bit each is kept; very large ones are found
 * again all the same
 */
export const keep = (x: Expression): Expression => (extentOf(x) === "number" ? x : { kind: "kept", args: [x] });

export const random = (stream: RandomStream): Expression => ({ kind: "random", stream });

/** Σ xᵢ over all elements. */
export const sum = (x: Expression): Expression => reduce("sum", x);
/** Σ xᵢ · yᵢ over all elements. */
export const dot = (x: Expression, y: Expression): Expression => reduce("dot", x, y);
export const largest = (x: Expression): Expression => reduce("largest", x);
export const smallest = (x: Expression): Expression => reduce("smallest", x);
export const mean = (x: Expression): Expression => div(sum(x), elementCountOf);
/** √ Σ xᵢ². */
export const norm = (x: Expression): Expression => sqrt(dot(x, x));
/** The spread around the mean, divided by the count (not by one less). */
export const std = (x: Expression): Expression => {
  const centred = sub(x, mean(x));
  return sqrt(div(dot(centred, centred), elementCountOf));
};

/** Σ wᵢ · xᵢ, added from left to right. */
export function weightedSum(tensors: readonly Expression[], weights: readonly Operand[]): Expression {
  return tensors.map((tensor, i) => mul(tensor, weights[i])).reduce((total, term) => add(total, term));
}
