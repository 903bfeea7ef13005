import { argsOf, type Expression, extentOf, isTensor, neg } from "./expression.js";
import type { ReductionName, TallyName } from "./operations.js";
import type { Instruction, Kept, Pass, RowInstruction, Stage, Take } from "./program.js";
import { collectRowSteps, type RowStep } from "./row-steps.js";

/** Emits one pass. Registers are given back when the last use of their value was emitted. */
export class PassBuilder {
  readonly scalars: Expression[] = [];
  readonly reduced: Expression[] = [];
  readonly tallied: Expression[] = [];
  readonly takes: Take[] = [];
  readonly #intern: (expression: Expression) => Expression;
  readonly #kept: ReadonlyMap<Expression, Kept>;
  /** What was kept so far, in the order of its places. */
  readonly #keptHere: Expression[] = [];
  readonly #fills: { register: number; scalar: number }[] = [];
  readonly #fillOf = new Map<Expression, number>();
  /** Buffers of a granule that hold a value, and row registers that do. */
  readonly #bufferOf = new Map<Expression, number>();
  readonly #rowOf = new Map<Expression, number>();
  readonly #stages: { blocks: Instruction[]; rows: RowInstruction[] }[] = [];
  readonly #free: number[] = [];
  #registers = 0;
  #buffers = 0;
  #instructions: Instruction[] = [];
  #uses = new Map<Expression, number>();
  #registerOf = new Map<Expression, number>();

  /** @param kept what outlasts this pass, or was kept by an earlier one */
  constructor(intern: (expression: Expression) => Expression, kept: ReadonlyMap<Expression, Kept>) {
    this.#intern = intern;
    this.#kept = kept;
  }

  /** @param due reductions and tables to be found; @param stored a tensor (or number) to be written */
  build(due: readonly Expression[], stored: Expression | undefined): Pass {
    const roots = [...due.flatMap(tensorArgs), ...(stored === undefined ? [] : [stored])];
    this.#recallRows();
    for (const steps of collectRowSteps(roots, (expression) => this.#isRecalled(expression))) this.#rowStage(steps);
    this.#openStage(roots);
    for (const expression of due) this.#found(expression);
    if (stored !== undefined) this.#instructions.push({ do: "store", a: this.#value(stored) });
    this.#stages.push({ blocks: this.#instructions, rows: [] });
    return {
      fills: this.#fills,
      stages: this.#stages as readonly Stage[],
      registers: this.#registers,
      buffers: this.#buffers,
      rowRegisters: this.#rowOf.size,
      reductions: this.reduced.map((expression) => (expression as { reduction: ReductionName }).reduction),
      tallies: this.tallied.map((expression) => (expression as { digit: TallyName }).digit),
      kept: this.#keptHere.map((expression) => this.#kept.get(expression) as Kept),
    };
  }

  #isRecalled(expression: Expression): boolean {
    return this.#kept.get(expression)?.isNew === false;
  }

  /** Numbers of rows that are known from an earlier pass are there from the start. */
  #recallRows(): void {
    const rows: RowInstruction[] = [];
    for (const [expression, { extent, isNew }] of this.#kept) {
      if (extent !== "row" || isNew) continue;
      rows.push({ do: "recall", out: this.#rowRegister(expression), place: this.#keptPlace(expression) });
    }
    if (rows.length > 0) this.#stages.push({ blocks: [], rows });
  }

  #keptPlace(expression: Expression): number {
    const known = this.#keptHere.indexOf(expression);
    return known >= 0 ? known : this.#keptHere.push(expression) - 1;
  }

  /** Saves what row steps need for a whole granule, then takes the steps. */
  #rowStage(steps: readonly RowStep[]): void {
    const needed = [...new Set(steps.flatMap(({ args }) => args))];
    const missing = needed.filter((arg) => !this.#bufferOf.has(arg));
    this.#openStage(missing);
    for (const arg of missing) {
      const a = this.#value(arg);
      const buffer = this.#buffers++;
      this.#instructions.push({ do: "save", a, buffer });
      this.#release(arg);
      this.#bufferOf.set(arg, buffer);
    }
    const rows: RowInstruction[] = [];
    this.#stages.push({ blocks: this.#instructions, rows });
    for (const step of steps) {
      const buffers = step.args.map((arg) => this.#bufferOf.get(arg) as number);
      if (step.kind === "rowReduce") {
        rows.push({ do: "reduce", reduction: step.reduction, out: this.#rowRegister(step), buffers });
        continue;
      }
      const out = this.#buffers++;
      this.#bufferOf.set(step, out);
      if (step.kind === "rank") rows.push({ do: "rank", out, buffer: buffers[0] });
      else rows.push({ do: "belowRank", out, buffers, least: step.least, spread: step.spread });
    }
  }

  #openStage(roots: readonly Expression[]): void {
    this.#instructions = [];
    this.#uses = new Map();
    this.#registerOf = new Map();
    this.#countUses(roots);
  }

  /** Counts how often each tensor value is needed in this stage, with what the fused kernels skip left out. */
  #countUses(roots: readonly Expression[]): void {
    for (const root of roots) {
      if (this.#isFoundHere(root)) {
        this.#countUses(root.args);
        continue;
      }
      const seen = this.#uses.get(root) ?? 0;
      this.#uses.set(root, seen + 1);
      if (seen > 0 || !isTensor(root) || this.#bufferOf.has(root)) continue;
      if (root.kind === "apply") this.#countUses(root.args);
      else if (root.kind === "take") this.#countUses([root.args[0]]);
    }
  }

  #found(expression: Expression): void {
    if (expression.kind === "reduce") {
      const args = expression.args.map((arg) => this.#value(arg));
      this.#instructions.push({ do: "reduce", reduction: expression.reduction, args, slot: this.reduced.length });
      this.reduced.push(expression);
      for (const arg of expression.args) this.#release(arg);
    } else if (expression.kind === "tally") {
      const { digit, args } = expression;
      const [x] = args;
      const a = this.#value(x);
      const scalar = digit === "low" ? this.#scalar(args[1]) : undefined;
      this.#instructions.push({ do: "tally", digit, a, high: scalar, slot: this.tallied.length });
      this.tallied.push(expression);
      this.#release(x);
    }
  }

  /** The register that holds the value, which is computed now when this is its first use. */
  #value(expression: Expression): number {
    const known = this.#registerOf.get(expression) ?? this.#fillOf.get(expression);
    if (known !== undefined) return known;
    if (extentOf(expression) === "number") return this.#fill(expression);
    if (this.#isFoundHere(expression)) return this.#keep(expression, this.#value(expression.args[0]));
    const register = this.#compute(expression);
    this.#registerOf.set(expression, register);
    return register;
  }

  /** Whether it stands for its argument in this pass, whose value and register it shares. */
  #isFoundHere(expression: Expression): expression is Extract<Expression, { kind: "kept" }> {
    const isKeptTensor = expression.kind === "kept" && extentOf(expression) === "tensor";
    return isKeptTensor && !this.#isRecalled(expression) && !this.#bufferOf.has(expression);
  }

  #keep(expression: Expression, register: number): number {
    if (this.#kept.has(expression) && !this.#keptHere.includes(expression)) {
      this.#instructions.push({ do: "keep", a: register, place: this.#keptPlace(expression) });
    }
    return register;
  }

  #compute(expression: Expression): number {
    const buffer = this.#bufferOf.get(expression);
    if (buffer !== undefined) return this.#emit((out) => ({ do: "open", out, buffer }));
    if (extentOf(expression) === "row") {
      const row = this.#rowValue(expression);
      return this.#emit((out) => ({ do: "spread", out, row }));
    }
    switch (expression.kind) {
      case "input":
        return this.#emit((out) => ({ do: "load", out, model: expression.model }));
      case "random":
        return this.#emit((out) => ({ do: "random", out, stream: expression.stream }));
      case "kept":
        return this.#emit((out) => ({ do: "recall", out, place: this.#keptPlace(expression) }));
      case "take":
        return this.#take(expression);
      case "apply":
        return this.#fused(expression) ?? this.#plain(expression);
      default:
        throw new Error(`${expression.kind} is no tensor`);
    }
  }

  #take({ args: [x, threshold, quota, lowTally] }: Extract<Expression, { kind: "take" }>): number {
    const a = this.#value(x);
    this.#release(x);
    const take = this.takes.push({ threshold, quota, lowTally }) - 1;
    const scalar = this.#scalar(threshold);
    return this.#emit((out) => ({ do: "take", out, a, threshold: scalar, take }));
  }

  /** The row register of a value; arithmetic on rows is done where its last operand was found. */
  #rowValue(expression: Expression): number {
    const known = this.#rowOf.get(expression);
    if (known !== undefined) return known;
    const rows = this.#lastRows();
    if (extentOf(expression) === "number") {
      const out = this.#rowRegister(expression);
      rows.push({ do: "fill", out, scalar: this.#scalar(expression) });
      return out;
    }
    if (expression.kind === "kept") {
      const a = this.#rowValue(expression.args[0]);
      this.#rowOf.set(expression, a);
      if (this.#kept.has(expression)) rows.push({ do: "keep", a, place: this.#keptPlace(expression) });
      return a;
    }
    if (expression.kind !== "apply") throw new Error(`${expression.kind} is asked for before its stage`);
    const args = expression.args.map((arg) => this.#rowValue(arg));
    const out = this.#rowRegister(expression);
    rows.push({ do: "apply", kernel: expression.operation, out, args });
    return out;
  }

  /** Row steps of the stage before the one that is being built. */
  #lastRows(): RowInstruction[] {
    return (this.#stages.at(-1) as { rows: RowInstruction[] }).rows;
  }

  #rowRegister(expression: Expression): number {
    const register = this.#rowOf.size;
    this.#rowOf.set(expression, register);
    return register;
  }

  #emit(make: (out: number) => Instruction): number {
    const out = this.#allocate();
    this.#instructions.push(make(out));
    return out;
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
    this.#fillOf.set(expression, register);
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
    if (extentOf(expression) === "number") return;
    if (this.#isFoundHere(expression)) {
      this.#release(expression.args[0]);
      return;
    }
    const left = (this.#uses.get(expression) ?? 0) - 1;
    this.#uses.set(expression, left);
    const register = this.#registerOf.get(expression);
    if (left === 0 && register !== undefined) this.#free.push(register);
  }
}

/** The tensors that a sweep looks at. */
const tensorArgs = (expression: Expression): readonly Expression[] => argsOf(expression).filter(isTensor);

/** The parts of a product of a tensor and a number. */
function scalarProduct(expression: Expression): { tensor: Expression; scalar: Expression } | undefined {
  if (expression.kind !== "apply" || expression.operation !== "mul") return undefined;
  const [x, y] = expression.args;
  if (isTensor(x) && extentOf(y) === "number") return { tensor: x, scalar: y };
  if (isTensor(y) && extentOf(x) === "number") return { tensor: y, scalar: x };
  return undefined;
}
