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
export function rankAlongSecondAxis(x: Expression, shape: Shape): Expression {
  const rows: Rows =
    shape.length < 2
      ? { length: elementCount(shape), inner: 1 }
      : { length: shape[1], inner: elementCount(shape.slice(2)) };
  return { kind: "rank", rows, args: [x] };
}
