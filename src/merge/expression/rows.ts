import { elementCount, type Shape } from "../../tensor/shape.js";
import { type Expression, type Rows, sqrt } from "./expression.js";
import type { RowReductionName } from "./operations.js";

/** Reductions over the whole tensor or over each row: numbers or one number a row. */
export interface Along {
  readonly sum: (x: Expression) => Expression;
  readonly dot: (x: Expression, y: Expression) => Expression;
  readonly largest: (x: Expression) => Expression;
  readonly norm: (x: Expression) => Expression;
}

const along = (reduction: (name: RowReductionName, ...args: Expression[]) => Expression): Along => ({
  sum: (x) => reduction("sum", x),
  dot: (x, y) => reduction("dot", x, y),
  largest: (x) => reduction("largest", x),
  norm: (x) => sqrt(reduction("dot", x, x)),
});

/** The tensor taken as one vector. */
export const wholeTensor: Along = along((reduction, ...args) => ({ kind: "reduce", reduction, args }));

/** Each line of the last axis by itself; a tensor of one line is taken as a whole. */
export function lastAxis(shape: Shape): Along {
  const length = shape[shape.length - 1] ?? 1;
  if (length === elementCount(shape)) return wholeTensor;
  const rows: Rows = { length, inner: 1 };
  return along((reduction, ...args) => ({ kind: "rowReduce", reduction, rows, args }));
}

/** Each line of the first axis by itself; a tensor of one line is taken as a whole. */
export function firstAxis(shape: Shape): Along {
  const length = shape[0] ?? 1;
  const count = elementCount(shape);
  if (length === count) return wholeTensor;
  const rows: Rows = { length, inner: count / Math.max(1, length) };
  return along((reduction, ...args) => ({ kind: "rowReduce", reduction, rows, args }));
}

/** Rank of |x| along the second axis, from 0 to 1; a vector is one line. */
export const rankAlongSecondAxis = (x: Expression, shape: Shape): Expression => ({
  kind: "rank",
  rows: secondAxis(shape),
  args: [x],
});

/**
 * 1 where y < least + spread · rank of |x| along the second axis, else 0: what comparing with the rank would give, but
 * found without sorting, as for most elements a rough rank decides.
 */
export const isBelowRank = (
  y: Expression,
  x: Expression,
  { shape, least, spread }: { readonly shape: Shape; readonly least: number; readonly spread: number },
): Expression => ({ kind: "belowRank", rows: secondAxis(shape), least, spread, args: [x, y] });

const secondAxis = (shape: Shape): Rows =>
  shape.length < 2
    ? { length: elementCount(shape), inner: 1 }
    : { length: shape[1], inner: elementCount(shape.slice(2)) };
