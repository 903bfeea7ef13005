import fc from "fast-check";
import { expect, test } from "vitest";
import { stateDictCheckpoint } from "../../checkpoint/state-dict-checkpoint.js";
import { createTensor, tensorNumbers } from "../../tensor/tensor.js";
import { readPlan } from "../execute/read-plan.js";
import { planMerge } from "../plan-merge.js";
import type { Expression } from "./expression.js";
import { ELEMENTWISE, type ElementwiseName, SCALAR_ONLY } from "./operations.js";
import { parseExpression } from "./parse-expression.js";

const NAMES = ["a", "b", "base"];

async function evaluate(
  expression: string,
  inputs: readonly (readonly number[])[],
  dtype: "f32" | "f64" = "f32",
): Promise<number[]> {
  const models = inputs.map((values, i) => ({
    name: NAMES[i],
    checkpoint: stateDictCheckpoint(NAMES[i], new Map([["x", createTensor(dtype, [values.length], values)]])),
  }));
  const state = await readPlan(planMerge(models, { expression, allowNonFinite: true }));
  return [...tensorNumbers(state.get("x") as NonNullable<ReturnType<typeof state.get>>)];
}

/** The meaning of an expression, element by element in f64: slow, and written independently of the compiler. */
function interpret(expression: Expression, inputs: readonly (readonly number[])[]): number[] | number {
  switch (expression.kind) {
    case "input":
      return [...inputs[expression.model]];
    case "number":
      return expression.value;
    case "count":
      return inputs[0].length;
    case "apply": {
      const args = expression.args.map((arg) => interpret(arg, inputs));
      const operations: Record<string, { evaluate: (...values: never[]) => number }> = {
        ...ELEMENTWISE,
        ...SCALAR_ONLY,
      };
      const apply = operations[expression.operation as ElementwiseName].evaluate as (...values: number[]) => number;
      const length = args.find((arg) => Array.isArray(arg))?.length;
      if (length === undefined) return apply(...(args as number[]));
      return Array.from({ length }, (_, i) => apply(...args.map((arg) => (Array.isArray(arg) ? arg[i] : arg))));
    }
    case "reduce": {
      const [x, y] = expression.args.map((arg) => interpret(arg, inputs) as number[]);
      switch (expression.reduction) {
        case "sum":
          return x.reduce((total, value) => total + value, 0);
        case "dot":
          return x.reduce((total, value, i) => total + value * y[i], 0);
        case "largest":
          return Math.max(...x);
        case "smallest":
          return Math.min(...x);
      }
      throw new Error("there is no such reduction");
    }
    default:
      throw new Error(`formulas of text have no ${expression.kind}`);
  }
}

const A = [1, -2, 3, 0.5, 0];
const B = [4, 5, -6, 0.25, 0];
const BASE = [1, 1, 1, 1, 1];

test.each([
  "0.7*a + 0.3*b",
  "a + 0.5*(b - base)",
  "max(abs(a), abs(b))*sign(a+b)",
  "where(a*b > 0, (a+b)/2, 0)",
  "a / norm(a) * norm(b)",
  "a - mean(a) + std(b)",
  "dot(a, b) / (norm(a) * norm(b)) * a",
  "std(a - mean(a) * b) * a",
  "-a ** 2 + +b",
  "(-a) ** 2",
  "a > b ? a : b",
  "a >= 0 && b >= 0 || a == b",
  "!(a < b) * 2 + (a != b) + (a <= b)",
  "clamp(a, -1, amax(b) / 4) - amin(a)",
  "min(a, b, base) + max(a, b, base)",
  "sqrt(abs(a)) + exp(-abs(b)) + log(abs(a) + 1) + tanh(b) + floor(a) + ceil(b) + round(a)",
  "a * sum(b) / numel() + pi",
  "cos(norm(a)) * a + sin(norm(b)) * b + acos(0.5)",
  "pow(abs(a), 1.5)",
  "b - 2*a",
  "2*a - b",
  "2*a + a*3",
  "a + a",
  "a - 0.5*a",
  "3",
  "norm(a)",
])("%s means what it says", async (text) => {
  const inputs = [A, B, BASE];
  const expected = interpret(parseExpression(text, NAMES), inputs);
  const found = await evaluate(text, inputs);
  const numbers = Array.isArray(expected) ? expected : A.map(() => expected);
  for (const [i, value] of found.entries()) {
    if (Object.is(value, numbers[i])) continue;
    // f32 arithmetic of a handful of operations.
    expect(Math.abs(value - numbers[i])).toBeLessThanOrEqual(2 ** -20 * Math.max(1, Math.abs(numbers[i])));
  }
});

test("any formula agrees with its element-by-element meaning", async () => {
  const { formula } = fc.letrec<{ formula: string }>((tie) => ({
    formula: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constantFrom("a", "b", "base", "0.5", "2", "3"),
      fc.tuple(tie("formula"), fc.constantFrom("+", "-", "*"), tie("formula")).map(([x, op, y]) => `(${x} ${op} ${y})`),
      fc.tuple(fc.constantFrom("abs", "sign", "tanh", "-"), tie("formula")).map(([f, x]) => `${f}(${x})`),
      fc.tuple(fc.constantFrom("min", "max"), tie("formula"), tie("formula")).map(([f, x, y]) => `${f}(${x}, ${y})`),
      tie("formula").map((x) => `mean(a + ${x}) * b`),
      fc.tuple(tie("formula"), tie("formula"), tie("formula")).map(([c, x, y]) => `where(${c} > 0.125, ${x}, ${y})`),
    ),
  }));
  const inputs = [A, B, BASE];
  await fc.assert(
    fc.asyncProperty(formula, async (text) => {
      const expected = interpret(parseExpression(text, NAMES), inputs);
      // In f64, so that the two differ by roundings of reductions alone.
      const found = await evaluate(text, inputs, "f64");
      for (const [i, value] of found.entries()) {
        const wanted = Array.isArray(expected) ? expected[i] : expected;
        if (!Number.isFinite(wanted) || Math.abs(wanted) > 1e12) continue;
        expect(Math.abs(value - wanted)).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(wanted)));
      }
    }),
    { numRuns: 200 },
  );
});

test.each([
  ["a + c", 'There is no model called "c".'],
  ["frob(a)", 'There is no function called "frob".'],
  ["a +", '"a +" is not an expression: Expected expression after + at character 4.'],
  ["", '"" is not an expression: it is empty.'],
  ["a b", '"a b" is not an expression: it holds several expressions.'],
  ["a ^ 2", '"a ^ 2" is not an expression: there is no operator "^".'],
  ["a.b", '"a.b" is not an expression: it uses MemberExpression, which means nothing here.'],
  ["'x'", "\"'x'\" is not an expression: 'x' is not a number."],
  ["norm(2)", '"norm(2)" is not an expression: norm takes tensors, not numbers.'],
  ["sin(a)", '"sin(a)" is not an expression: sin takes numbers, not tensors.'],
  ["abs(a, b)", '"abs(a, b)" is not an expression: abs takes 1 arguments, not 2.'],
  ["a.constructor('x')()", "\"a.constructor('x')()\" is not an expression: only functions can be called."],
  ["__proto__(a)", 'There is no function called "__proto__".'],
])("%s is refused", (text, message) => {
  expect(() => parseExpression(text, NAMES)).toThrow(message);
});

test("a formula of thousands of nested calls is read or refused, quickly", () => {
  const nested = `${"std(".repeat(600)}a${")".repeat(600)}`;
  expect(() => parseExpression(nested, NAMES)).toThrow("std takes tensors");
  expect(() => parseExpression("a+".repeat(3000), NAMES)).toThrow("at most 4000 are read");
});
