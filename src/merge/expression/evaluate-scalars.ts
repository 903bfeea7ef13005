import type { Expression } from "./expression.js";
import { ELEMENTWISE, type ElementwiseName, SCALAR_ONLY, type ScalarOnlyName } from "./operations.js";

/** What is known about a tensor when its numbers are computed. */
export interface ScalarContext {
  /** Elements of the tensor. */
  readonly count: number;
  /** Results of the reductions so far, by their interned expression. */
  readonly reductions: ReadonlyMap<Expression, number>;
}

/** The values, in f64, of expressions that stand for numbers. Shared parts are computed once. */
export function evaluateScalars(expressions: readonly Expression[], context: ScalarContext): number[] {
  const known = new Map<Expression, number>();
  const evaluate = (expression: Expression): number => {
    let value = known.get(expression);
    if (value === undefined) {
      value = compute(expression);
      known.set(expression, value);
    }
    return value;
  };
  const solutions = new Map<Expression, readonly number[]>();
  const solutionOf = (solve: Expression): readonly number[] => {
    if (solve.kind !== "solve") throw new Error("a part is taken of something that is not solved");
    let solution = solutions.get(solve);
    if (solution === undefined) {
      solution = solve.compute(solve.args.map(evaluate));
      solutions.set(solve, solution);
    }
    return solution;
  };
  const compute = (expression: Expression): number => {
    switch (expression.kind) {
      case "number":
        return expression.value;
      case "count":
        return context.count;
      case "reduce": {
        const value = context.reductions.get(expression);
        if (value === undefined) throw new Error(`the ${expression.reduction} is asked for before its pass`);
        return value;
      }
      case "apply":
        return operationOf(expression.operation)(...expression.args.map(evaluate));
      case "part":
        return solutionOf(expression.args[0])[expression.place];
      case "solve":
        throw new Error("a solution is asked for as a number");
      case "input":
        throw new Error("a tensor is asked for as a number");
    }
  };
  return expressions.map(evaluate);
}

function operationOf(name: ElementwiseName | ScalarOnlyName): (...values: number[]) => number {
  return (name in ELEMENTWISE ? ELEMENTWISE[name as ElementwiseName] : SCALAR_ONLY[name as ScalarOnlyName])
    .evaluate as (...values: number[]) => number;
}
