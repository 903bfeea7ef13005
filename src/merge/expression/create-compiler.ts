import { compile } from "./compile.js";
import type { Expression } from "./expression.js";
import { createInterner } from "./intern.js";
import type { Program } from "./program.js";

/** As `compile`, for the formula of one tensor after the other. */
export type Compiler = (
  output: Expression,
  options: { readonly results?: readonly Expression[]; readonly elements: number },
) => Program;

/**
 * Makes a function that compiles equal formulas for tensors of equal size once: those of a merge are mostly the same.
 *
 * @param mostKept bytes that may be kept between passes
 */
export function createCompiler(mostKept?: number): Compiler {
  const intern = createInterner();
  const ids = new Map<Expression, number>();
  const programs = new Map<string, Program>();
  const idOf = (expression: Expression): number => {
    const interned = intern(expression);
    let id = ids.get(interned);
    if (id === undefined) {
      id = ids.size;
      ids.set(interned, id);
    }
    return id;
  };
  return (output, { results = [], elements }) => {
    const key = [elements, ...[output, ...results].map(idOf)].join();
    let program = programs.get(key);
    if (program === undefined) {
      program = compile(output, { results, elements, mostKept });
      programs.set(key, program);
    }
    return program;
  };
}
