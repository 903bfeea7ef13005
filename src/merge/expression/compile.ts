import { argsOf, type Expression, type Rows } from "./expression.js";
import { createInterner } from "./intern.js";
import { PassBuilder } from "./pass-builder.js";
import { MOST_KEPT, planKept } from "./plan-kept.js";
import type { Pass, Program, Take } from "./program.js";

/** What is found by a sweep and known to the next. */
type Sweeping = Extract<Expression, { kind: "reduce" | "tally" }>;

/**
 * Compiles an expression to passes over the tensors: first the reductions that need nothing else, then those that
 * need their results, and so on; the last pass stores `output`.
 *
 * Products with numbers and sums of such products become single kernels; rounding stays that of the written
 * formula, operation by operation.
 *
 * @param output a tensor; a number is spread over all elements. Absent when only `results` are wanted
 * @param options.results reductions (or arithmetic on them) whose values the caller wants to know
 * @param options.elements of the tensor, where it is known: what is kept between passes must not become too large
 * @param options.mostKept bytes that may be
 */
export function compile(
  output: Expression | undefined,
  {
    results = [],
    elements = 0,
    mostKept = MOST_KEPT,
  }: { readonly results?: readonly Expression[]; readonly elements?: number; readonly mostKept?: number } = {},
): Program {
  const intern = createInterner();
  const root = output === undefined ? undefined : intern(output);
  const wanted = results.map(intern);
  const roots = [...(root === undefined ? [] : [root]), ...wanted];
  const levels = sweepLevels(roots);
  const depth = Math.max(0, ...levels.values());
  const passes: Pass[] = [];
  const scalars: (readonly Expression[])[] = [];
  const reduced: (readonly Expression[])[] = [];
  const tallied: (readonly Expression[])[] = [];
  const takes: (readonly Take[])[] = [];
  const sweeps: { readonly due: readonly Sweeping[]; readonly stored?: Expression }[] = [];
  for (let level = 1; level <= depth; level++) {
    sweeps.push({ due: [...levels].filter(([, own]) => own === level).map(([expression]) => expression) });
  }
  if (root !== undefined) sweeps.push({ due: [], stored: root });
  const kept = planKept(
    sweeps.map(({ due, stored }) => [...due.flatMap(argsOf), ...(stored === undefined ? [] : [stored])]),
    { elements, mostKept },
  );
  for (const [sweep, { due, stored }] of sweeps.entries()) {
    const builder = new PassBuilder(intern, kept[sweep]);
    passes.push(builder.build(due, stored));
    scalars.push(builder.scalars);
    reduced.push(builder.reduced);
    tallied.push(builder.tallied);
    takes.push(builder.takes);
  }
  return { passes, scalars, reduced, tallied, takes, results: wanted, rows: commonRows(roots) };
}

/** Every reduction and table below the roots, with its level: 1 when it needs no other, else one more than those. */
function sweepLevels(roots: readonly Expression[]): Map<Sweeping, number> {
  const levels = new Map<Expression, number>();
  const found = new Map<Sweeping, number>();
  const visit = (expression: Expression): number => {
    let level = levels.get(expression);
    if (level === undefined) {
      const sweeps = expression.kind === "reduce" || expression.kind === "tally";
      const below = Math.max(0, ...argsOf(expression).map(visit));
      level = sweeps ? below + 1 : below;
      levels.set(expression, level);
      if (sweeps) found.set(expression, level);
    }
    return level;
  };
  roots.forEach(visit);
  return found;
}

/** The rows that an expression works on; one formula has one kind of them. */
function commonRows(roots: readonly Expression[]): Rows | undefined {
  let rows: Rows | undefined;
  const seen = new Set<Expression>();
  const visit = (expression: Expression): void => {
    if (seen.has(expression)) return;
    seen.add(expression);
    if ("rows" in expression) {
      if (rows !== undefined && (rows.length !== expression.rows.length || rows.inner !== expression.rows.inner)) {
        throw new Error("one formula works along two axes");
      }
      rows = expression.rows;
    }
    argsOf(expression).forEach(visit);
  };
  roots.forEach(visit);
  return rows;
}
