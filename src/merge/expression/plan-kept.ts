import { argsOf, type Expression, extentOf } from "./expression.js";
import type { Kept } from "./program.js";

/** Bytes that may be kept of one tensor unless told: a few tensors are under way at a time. */
export const MOST_KEPT = 32 * 2 ** 20;

/**
 * For each sweep, what it keeps for later ones and what it has from earlier ones, by expression. What only one sweep
 * needs is not kept, and neither are truths of more elements than fit: they are found anew.
 *
 * @param sweeps the expressions that each sweep needs, interned by one function
 * @param limits elements of the tensor, and bytes that may be kept of it
 */
export function planKept(
  sweeps: readonly (readonly Expression[])[],
  { elements, mostKept }: { readonly elements: number; readonly mostKept: number },
): readonly ReadonlyMap<Expression, Kept>[] {
  const first = new Map<Expression, number>();
  const slots = new Map<Expression, number>();
  let bytes = 0;
  /** Whether it is there already: found by an earlier sweep, and not too large. */
  const isThere = (expression: Expression, sweep: number): boolean => {
    const own = bytesOf(expression, elements);
    if ((first.get(expression) ?? sweep) === sweep) return false;
    if (slots.has(expression)) return true;
    if (bytes + own > mostKept) return false;
    bytes += own;
    slots.set(expression, slots.size);
    return true;
  };
  const needed = sweeps.map((roots, sweep) => {
    const found = collectKept(roots, (expression) => isThere(expression, sweep));
    for (const expression of found) if (!first.has(expression)) first.set(expression, sweep);
    return found;
  });
  return needed.map((found, sweep) => {
    const kept = new Map<Expression, Kept>();
    for (const expression of found) {
      const slot = slots.get(expression);
      const extent = extentOf(expression);
      if (slot === undefined || extent === "number") continue;
      kept.set(expression, { slot, extent, isNew: first.get(expression) === sweep });
    }
    return kept;
  });
}

/** Numbers are known before a sweep and are not looked into, and neither is what is there. */
function collectKept(roots: readonly Expression[], isThere: (expression: Expression) => boolean): Set<Expression> {
  const seen = new Set<Expression>();
  const found = new Set<Expression>();
  const visit = (expression: Expression): void => {
    if (seen.has(expression) || extentOf(expression) === "number") return;
    seen.add(expression);
    if (expression.kind === "kept") {
      found.add(expression);
      if (isThere(expression)) return;
    }
    argsOf(expression).forEach(visit);
  };
  roots.forEach(visit);
  return found;
}

function bytesOf(expression: Expression, elements: number): number {
  if (extentOf(expression) === "tensor") return elements / 8;
  const rowLength = Math.max(1, rowLengthOf(expression) ?? 1);
  return (elements / rowLength) * Float64Array.BYTES_PER_ELEMENT;
}

function rowLengthOf(expression: Expression): number | undefined {
  if ("rows" in expression) return expression.rows.length;
  for (const arg of argsOf(expression)) {
    const length = rowLengthOf(arg);
    if (length !== undefined) return length;
  }
  return undefined;
}
