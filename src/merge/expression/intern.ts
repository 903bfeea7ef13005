import { argsOf, type Expression, type Solver } from "./expression.js";

/**
 * Makes equal sub-expressions one object, so that each is computed once. Expressions that were interned by the
 * same function may be compared with `===`.
 */
export function createInterner(): (expression: Expression) => Expression {
  const byKey = new Map<string, { readonly expression: Expression; readonly id: number }>();
  const done = new Map<Expression, Expression>();
  const ids = new Map<Expression, number>();

  const intern = (expression: Expression): Expression => {
    const known = done.get(expression);
    if (known !== undefined) return known;
    const args = argsOf(expression).map(intern);
    const key = `${head(expression)}(${args.map((arg) => ids.get(arg)).join()})`;
    let entry = byKey.get(key);
    if (entry === undefined) {
      entry = {
        expression: "args" in expression ? ({ ...expression, args } as Expression) : expression,
        id: byKey.size,
      };
      byKey.set(key, entry);
      ids.set(entry.expression, entry.id);
      done.set(entry.expression, entry.expression);
    }
    done.set(expression, entry.expression);
    return entry.expression;
  };
  return intern;
}

const solverIds = new WeakMap<Solver, number>();
let solvers = 0;

function solverId(compute: Solver): number {
  let id = solverIds.get(compute);
  if (id === undefined) {
    id = solvers++;
    solverIds.set(compute, id);
  }
  return id;
}

function head(expression: Expression): string {
  switch (expression.kind) {
    case "input":
      return `input ${expression.model}`;
    case "number":
      return `number ${Object.is(expression.value, -0) ? "-0" : expression.value}`;
    case "count":
      return "count";
    case "apply":
      return expression.operation;
    case "reduce":
      return `reduce ${expression.reduction}`;
    case "solve":
      return `solve ${solverId(expression.compute)}`;
    case "random":
      return `random ${expression.stream.key.join()} ${expression.stream.stream}`;
    case "tally":
      return `tally ${expression.digit}`;
    case "nth":
      return `nth ${expression.gives}`;
    case "take":
      return "take";
    case "rowReduce":
      return `row ${expression.reduction} ${expression.rows.length} ${expression.rows.inner}`;
    case "rank":
      return `rank ${expression.rows.length} ${expression.rows.inner}`;
    case "belowRank": {
      const { rows, least, spread } = expression;
      return `belowRank ${rows.length} ${rows.inner} ${least} ${spread}`;
    }
    case "kept":
      return "kept";
    case "part":
      return `part ${expression.place}`;
  }
}
