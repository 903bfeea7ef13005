import type { Expression } from "./expression.js";
import { ELEMENTWISE, type ElementwiseName, SCALAR_ONLY, type ScalarOnlyName } from "./operations.js";

/** How often each digit occurs in a tensor. */
export interface Tally {
  readonly bins: Float64Array;
  /** The same for each job of the sweep, as pairs (digit, count). */
  readonly byJob: readonly Uint32Array[];
}

/** What is known about a tensor when its numbers are computed. */
export interface ScalarContext {
  /** Elements of the tensor. */
  readonly count: number;
  /** Results of the reductions so far, by their interned expression. */
  readonly reductions: ReadonlyMap<Expression, number | Tally>;
}

/** The values, in f64, of expressions that stand for numbers. Shared parts are computed once. */
export function evaluateScalars(expressions: readonly Expression[], context: ScalarContext): number[] {
  const known = new Map<Expression, number>();
  const solutions = new Map<Expression, readonly number[]>();
  const tables = new Map<Expression, Map<Expression, NthPlace>>();
  const memo = <T>(values: Map<Expression, T>, expression: Expression, compute: () => T): T => {
    let value = values.get(expression);
    if (value === undefined) {
      value = compute();
      values.set(expression, value);
    }
    return value;
  };
  const evaluate = (expression: Expression): number => memo(known, expression, () => compute(expression));
  const compute = (expression: Expression): number => {
    switch (expression.kind) {
      case "number":
        return expression.value;
      case "count":
        return context.count;
      case "reduce": {
        const value = context.reductions.get(expression);
        if (typeof value !== "number") throw new Error(`the ${expression.reduction} is asked for before its pass`);
        return value;
      }
      case "apply":
        return operationOf(expression.operation)(...expression.args.map(evaluate));
      case "part": {
        const [solve] = expression.args;
        if (solve.kind !== "solve") throw new Error("a part is taken of something that is not solved");
        return memo(solutions, solve, () => solve.compute(solve.args.map(evaluate)))[expression.place];
      }
      case "nth": {
        const [tally, k] = expression.args;
        const table = context.reductions.get(tally);
        if (typeof table !== "object") throw new Error("a table is asked for before its pass");
        const places = memo(tables, tally, () => new Map<Expression, NthPlace>());
        return memo(places, k, () => nthLargest(table.bins, evaluate(k)))[expression.gives];
      }
      default:
        throw new Error(`${expression.kind} is asked for as a number`);
    }
  };
  return expressions.map(evaluate);
}

interface NthPlace {
  readonly digit: number;
  readonly place: number;
}

/** Walks a table from its largest digit down to that of the k-th element; k < 1 stands above all. */
function nthLargest(bins: Float64Array, k: number): NthPlace {
  if (!(k >= 1)) return { digit: bins.length - 1, place: 0 };
  let left = k;
  for (let digit = bins.length - 1; digit >= 0; digit--) {
    if (bins[digit] >= left) return { digit, place: left };
    left -= bins[digit];
  }
  return { digit: 0, place: bins[0] };
}

function operationOf(name: ElementwiseName | ScalarOnlyName): (...values: number[]) => number {
  return (name in ELEMENTWISE ? ELEMENTWISE[name as ElementwiseName] : SCALAR_ONLY[name as ScalarOnlyName])
    .evaluate as (...values: number[]) => number;
}
