import { type Expression, isTensor, neg } from "./expression.js";
import { createInterner } from "./intern.js";
import type { ReductionName } from "./operations.js";
import type { Instruction, Pass, Program } from "./program.js";

/**
 * Compiles an expression to passes over the tensors: first the reductions that need nothing else, then those that
 * need their results, and so on; the last pass stores `output`.
 *
 * Products with numbers and sums of such products become single kernels; rounding stays that of the written
 * formula, operation by operation.
 *
 * @param output a tensor; a number is spread over all elements. Absent when only `results` are wanted
 * @param results reductions (or arithmetic on them) whose values the caller wants to know
 */
export function compile(output: Expression | undefined, results: readonly Expression[] = []): Program {
  const intern = createInterner();
  const root = output === undefined ? undefined : intern(output);
  const wanted = results.map(intern);
  const reductions = collectReductions([...(root === undefined ? [] : [root]), ...wanted]);
  const depth = Math.max(0, ...reductions.values());
  const passes: Pass[] = [];
  const scalars: Expression[][] = [];
  const reduced: Expression[][] = [];
  const finish = (builder: PassBuilder): void => {
    passes.push(builder.finish());
    scalars.push(builder.scalars);
    reduced.push(builder.reduced);
  };
  for (let level = 1; level <= depth; level++) {
    const builder = new PassBuilder(intern);
    const due = [...reductions]
      .filter(([, reductionLevel]) => reductionLevel === level)
      .map(([expression]) => expression);
    builder.countUses(due.flatMap((reduction) => ("args" in reduction ? reduction.args : [])));
    for (const reduction of due) builder.reduce(reduction);
    finish(builder);
  }
  if (root !== undefined) {
    const builder = new PassBuilder(intern);
    builder.countUses([root]);
    builder.store(root);
    finish(builder);
  }
  return { passes, scalars, reduced, results: wanted };
}

/** Every reduction below the roots, with its level: 1 when it needs no other, else one more than what it needs. */
function collectReductions(roots: readonly Expression[]): Map<Expression, number> {
  const levels = new Map<Expression, number>();
  const reductions = new Map<Expression, number>();
  const visit = (expression: Expression): number => {
    let level = levels.get(expression);
    if (level === undefined) {
      const below = "args" in expression ? Math.max(0, ...expression.args.map(visit)) : 0;
      level = expression.kind === "reduce" ? below + 1 : below;
      levels.set(expression, level);
      if (expression.kind === "reduce") reductions.set(expression, level);
    }
    return level;
  };
  roots.forEach(visit);
  return reductions;
}

/** Emits the instructions of one pass. A register is given back when the last use of its value was emitted. */
class PassBuilder {
  readonly scalars: Expression[] = [];
  readonly reduced: Expression[] = [];
  readonly #intern: (expression: Expression) => Expression;
  readonly #instructions: Instruction[] = [];
  readonly #fills: { register: number; scalar: number }[] = [];
  readonly #uses = new Map<Expression, number>();
  readonly #registerOf = new Map<Expression, number>();
  readonly #free: number[] = [];
  #registers = 0;

  constructor(intern: (expression: Expression) => Expression) {
    this.#intern = intern;
  }

  /** Counts how often each tensor value is needed in this pass, with what the fused kernels skip left out. */
  countUses(roots: readonly Expression[]): void {
    for (const root of roots) {
      const seen = this.#uses.get(root) ?? 0;
      this.#uses.set(root, seen + 1);
      if (seen === 0 && isTensor(root) && root.kind === "apply") this.countUses(root.args);
    }
  }

  store(root: Expression): void {
    this.#instructions.push({ do: "store", a: this.#value(root) });
  }

  reduce(reduction: Expression): void {
    if (reduction.kind !== "reduce") return;
    const args = reduction.args.map((arg) => this.#value(arg));
    this.#instructions.push({ do: "reduce", reduction: reduction.reduction, args, slot: this.reduced.length });
    this.reduced.push(reduction);
    for (const arg of reduction.args) this.#release(arg);
  }

  finish(): Pass {
    return {
      fills: this.#fills,
      instructions: this.#instructions,
      registers: this.#registers,
      reductions: this.reduced.map((expression) => (expression as { reduction: ReductionName }).reduction),
    };
  }

  /** The register that holds the value, which is computed now when this is its first use. */
  #value(expression: Expression): number {
    const known = this.#registerOf.get(expression);
    if (known !== undefined) return known;
    const register = isTensor(expression) ? this.#compute(expression) : this.#fill(expression);
    this.#registerOf.set(expression, register);
    return register;
  }

  #compute(expression: Expression): number {
    if (expression.kind === "input") {
      const out = this.#allocate();
      this.#instructions.push({ do: "load", out, model: expression.model });
      return out;
    }
    if (expression.kind !== "apply") throw new Error(`${expression.kind} is no tensor`);
    return this.#fused(expression) ?? this.#plain(expression);
  }

  #plain({ operation, args }: Extract<Expression, { kind: "apply" }>): number {
    const registers = args.map((arg) => this.#value(arg));
    for (const arg of args) this.#release(arg);
    const out = this.#allocate();
    this.#instructions.push({ do: "apply", kernel: operation, out, args: registers });
    return out;
  }

  /** `s·x`, `x + s·y` and `x − s·y` in one kernel, when the product is used nowhere else. */
  #fused({ operation, args }: Extract<Expression, { kind: "apply" }>): number | undefined {
    if (operation === "mul") {
      const product = scalarProduct({ kind: "apply", operation, args });
      if (product === undefined) return undefined;
      const a = this.#value(product.tensor);
      this.#release(product.tensor);
      const out = this.#allocate();
      this.#instructions.push({ do: "scale", out, a, scalar: this.#scalar(product.scalar) });
      return out;
    }
    if (operation !== "add" && operation !== "sub") return undefined;
    const [left, right] = args;
    const swapped = operation === "add" && this.#fusible(right) === undefined && this.#fusible(left) !== undefined;
    const [kept, scaled] = swapped ? [right, left] : [left, right];
    const product = this.#fusible(scaled);
    if (product === undefined || kept === scaled) return undefined;
    const a = this.#value(kept);
    const b = this.#value(product.tensor);
    this.#release(kept);
    this.#release(product.tensor);
    const out = this.#allocate();
    const scalar = this.#scalar(operation === "sub" ? neg(product.scalar) : product.scalar);
    this.#instructions.push({ do: "addScaled", out, a, b, scalar });
    return out;
  }

  #fusible(expression: Expression): { tensor: Expression; scalar: Expression } | undefined {
    return this.#uses.get(expression) === 1 && !this.#registerOf.has(expression)
      ? scalarProduct(expression)
      : undefined;
  }

  /** A register filled with a number before the first block; never given back. */
  #fill(expression: Expression): number {
    const register = this.#registers++;
    this.#fills.push({ register, scalar: this.#scalar(expression) });
    return register;
  }

  #scalar(expression: Expression): number {
    const interned = this.#intern(expression);
    const known = this.scalars.indexOf(interned);
    return known >= 0 ? known : this.scalars.push(interned) - 1;
  }

  #allocate(): number {
    return this.#free.pop() ?? this.#registers++;
  }

  #release(expression: Expression): void {
    if (!isTensor(expression)) return;
    const left = (this.#uses.get(expression) ?? 0) - 1;
    this.#uses.set(expression, left);
    const register = this.#registerOf.get(expression);
    if (left === 0 && register !== undefined) this.#free.push(register);
  }
}

/** The parts of a product of a tensor and a number. */
function scalarProduct(expression: Expression): { tensor: Expression; scalar: Expression } | undefined {
  if (expression.kind !== "apply" || expression.operation !== "mul") return undefined;
  const [x, y] = expression.args;
  if (isTensor(x) && !isTensor(y)) return { tensor: x, scalar: y };
  if (isTensor(y) && !isTensor(x)) return { tensor: y, scalar: x };
  return undefined;
}
