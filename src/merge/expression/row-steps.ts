import { argsOf, type Expression, extentOf } from "./expression.js";

/** A value that is found row by row, from whole rows. */
export type RowStep = Extract<Expression, { kind: "rowReduce" | "rank" | "belowRank" }>;

/**
 * The row steps that the roots need, in stages: those of a stage need only what earlier stages found.
 *
 * Numbers are known before a sweep and are not looked into, and neither is what `isKnown`.
 */
export function collectRowSteps(
  roots: readonly Expression[],
  isKnown: (expression: Expression) => boolean,
): RowStep[][] {
  const depths = new Map<Expression, number>();
  const stages: RowStep[][] = [];
  const visit = (expression: Expression): number => {
    if (extentOf(expression) === "number" || isKnown(expression)) return 0;
    let depth = depths.get(expression);
    if (depth === undefined) {
      depth = Math.max(0, ...argsOf(expression).map(visit));
      if (isRowStep(expression)) {
        stages[depth] ??= [];
        stages[depth].push(expression);
        depth++;
      }
      depths.set(expression, depth);
    }
    return depth;
  };
  roots.forEach(visit);
  return stages;
}

const isRowStep = (expression: Expression): expression is RowStep =>
  expression.kind === "rowReduce" || expression.kind === "rank" || expression.kind === "belowRank";
