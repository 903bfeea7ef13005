import jsep from "jsep";
import { OnebasinError } from "../../core/errors.js";
import { unknownName } from "../../core/suggest.js";
import {
  add,
  apply,
  constant,
  div,
  dot,
  type Expression,
  elementCountOf,
  input,
  isTensor,
  largest,
  max,
  mean,
  min,
  mul,
  neg,
  norm,
  smallest,
  std,
  sub,
  sum,
} from "./expression.js";
import { ELEMENTWISE, type ElementwiseName, SCALAR_ONLY, type ScalarOnlyName } from "./operations.js";

/** Longer texts are not written by people, and each character may cost one level of nesting. */
const MAX_LENGTH = 4000;

jsep.addBinaryOp("**", 11, true);

interface Callable {
  readonly arity: number;
  readonly variadic?: boolean;
  readonly doc: string;
  readonly takes: "any" | "numbers" | "tensors";
  readonly build: (...args: Expression[]) => Expression;
}

/** What can be called in an expression, with the sentence shown in the documentation. */
export const FUNCTIONS: Readonly<Record<string, Callable>> = {
  ...Object.fromEntries(
    (Object.keys(ELEMENTWISE) as ElementwiseName[])
      .filter((name) => !["neg", "add", "sub", "mul", "div", "lt", "le", "eq", "ne", "min", "max"].includes(name))
      .map((name) => [
        name,
        { ...ELEMENTWISE[name], takes: "any" as const, build: (...args: Expression[]) => apply(name, ...args) },
      ]),
  ),
  ...Object.fromEntries(
    (Object.keys(SCALAR_ONLY) as ScalarOnlyName[]).map((name) => [
      name,
      { ...SCALAR_ONLY[name], takes: "numbers" as const, build: (...args: Expression[]) => apply(name, ...args) },
    ]),
  ),
  min: {
    arity: 2,
    variadic: true,
    doc: "the smallest of two or more",
    takes: "any",
    build: (...args) => args.reduce(min),
  },
  max: {
    arity: 2,
    variadic: true,
    doc: "the largest of two or more",
    takes: "any",
    build: (...args) => args.reduce(max),
  },
  clamp: { arity: 3, doc: "x held between y and z", takes: "any", build: (x, low, high) => min(max(x, low), high) },
  norm: { arity: 1, doc: "√Σx², a number", takes: "tensors", build: norm },
  mean: { arity: 1, doc: "average of all elements, a number", takes: "tensors", build: mean },
  sum: { arity: 1, doc: "Σx, a number", takes: "tensors", build: sum },
  std: { arity: 1, doc: "√mean((x − mean x)²), a number", takes: "tensors", build: std },
  dot: { arity: 2, doc: "Σx·y, a number", takes: "tensors", build: dot },
  amax: { arity: 1, doc: "largest element, a number", takes: "tensors", build: largest },
  amin: { arity: 1, doc: "smallest element, a number", takes: "tensors", build: smallest },
  numel: { arity: 0, doc: "count of elements, a number", takes: "any", build: () => elementCountOf },
};

const isTrue = (x: Expression): Expression => apply("ne", x, 0);

const BINARY: Readonly<Record<string, (x: Expression, y: Expression) => Expression>> = {
  "+": add,
  "-": sub,
  "*": mul,
  "/": div,
  "**": (x, y) => apply("pow", x, y),
  "<": (x, y) => apply("lt", x, y),
  "<=": (x, y) => apply("le", x, y),
  ">": (x, y) => apply("lt", y, x),
  ">=": (x, y) => apply("le", y, x),
  "==": (x, y) => apply("eq", x, y),
  "!=": (x, y) => apply("ne", x, y),
  "&&": (x, y) => mul(isTrue(x), isTrue(y)),
  "||": (x, y) => max(isTrue(x), isTrue(y)),
};

/**
 * Reads a formula over named models: `0.7*a + 0.3*b`, `where(a*b > 0, (a+b)/2, 0)`. Comparisons give 1 or 0.
 *
 * @param models the names that may be used; a name's place in the list is its input
 * @throws `bad-argument` for text that is no expression, `unknown-name` for a name that is no model or function
 */
export function parseExpression(text: string, models: readonly string[]): Expression {
  if (text.length > MAX_LENGTH) {
    throw new OnebasinError("limit", `The expression has ${text.length} characters; at most ${MAX_LENGTH} are read.`);
  }
  let tree: jsep.Expression;
  try {
    tree = jsep(text);
  } catch (error) {
    const { description, index } = error as { description?: string; index?: number };
    throw notAnExpression(
      text,
      `${description ?? "it cannot be read"}${index === undefined ? "" : ` at character ${index + 1}`}`,
    );
  }
  return build(tree, text, models);
}

function notAnExpression(text: string, why: string, hint?: string): OnebasinError {
  return new OnebasinError("bad-argument", `"${text}" is not an expression: ${why}.`, {
    hint: hint ?? "Write it like 0.7*a + 0.3*b; the functions are listed by: onebasin methods expr",
  });
}

function build(node: jsep.Expression, text: string, models: readonly string[]): Expression {
  const inner = (child: unknown): Expression => build(child as jsep.Expression, text, models);
  switch (node.type) {
    case "Literal": {
      if (typeof node.value === "number") return constant(node.value);
      throw notAnExpression(text, `${String(node.raw)} is not a number`);
    }
    case "Identifier": {
      const name = node.name as string;
      const model = models.indexOf(name);
      if (model >= 0) return input(model);
      if (name === "pi") return constant(Math.PI);
      throw unknownName("model called", name, models);
    }
    case "UnaryExpression": {
      if (node.operator === "-") return neg(inner(node.argument));
      if (node.operator === "+") return inner(node.argument);
      if (node.operator === "!") return apply("eq", inner(node.argument), 0);
      throw notAnExpression(text, `there is no operator "${String(node.operator)}"`);
    }
    case "BinaryExpression": {
      const operator = node.operator as string;
      const combine = BINARY[operator];
      if (combine !== undefined) return combine(inner(node.left), inner(node.right));
      throw notAnExpression(
        text,
        `there is no operator "${operator}"`,
        operator === "^" ? "Write powers as x ** y." : undefined,
      );
    }
    case "ConditionalExpression":
      return apply("where", inner(node.test), inner(node.consequent), inner(node.alternate));
    case "CallExpression": {
      const callee = node.callee as jsep.Identifier;
      if (callee.type !== "Identifier") throw notAnExpression(text, "only functions can be called");
      return call(callee.name, (node.arguments as jsep.Expression[]).map(inner), text);
    }
    case "Compound":
      throw notAnExpression(
        text,
        (node.body as unknown[]).length === 0 ? "it is empty" : "it holds several expressions",
      );
    default:
      throw notAnExpression(text, `it uses ${node.type}, which means nothing here`);
  }
}

function call(name: string, args: Expression[], text: string): Expression {
  if (!Object.hasOwn(FUNCTIONS, name)) throw unknownName("function called", name, Object.keys(FUNCTIONS));
  const { arity, variadic, takes, build: combine } = FUNCTIONS[name];
  if (variadic ? args.length < arity : args.length !== arity) {
    throw notAnExpression(text, `${name} takes ${arity}${variadic ? " or more" : ""} arguments, not ${args.length}`);
  }
  if (takes === "numbers" && args.some(isTensor)) throw notAnExpression(text, `${name} takes numbers, not tensors`);
  if (takes === "tensors" && !args.every(isTensor)) throw notAnExpression(text, `${name} takes tensors, not numbers`);
  return combine(...args);
}
