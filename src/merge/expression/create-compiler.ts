import { compile } from "./compile.js";
import type { Expression } from "./expression.js";
import { createInterner } from "./intern.js";
import type { Pass, Program } from "./program.js";

/** As `compile`, for the formula of one tensor after the other. */
export type Compiler = (
  output: Expression,
  options: { readonly results?: readonly Expression[]; readonly elements: number },
) => Program;

/**
 * Makes a function that compiles equal formulas for tensors of equal size once: those of a merge are mostly the same.
 * Formulas that differ in their numbers alone have the same passes, as objects too: a thread binds each pass once.
 *
 * @param mostKept bytes that may be kept between passes
 */
export function createCompiler(mostKept?: number): Compiler {
  const intern = createInterner();
  const ids = new Map<Expression, number>();
  const programs = new Map<string, Program>();
  const passes = new Map<string, Pass>();
  const internPass = (pass: Pass): Pass => {
    const key = JSON.stringify(pass);
    const known = passes.get(key) ?? pass;
    passes.set(key, known);
    return known;
  };
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
      const compiled = compile(output, { results, elements, mostKept });
      program = { ...compiled, passes: compiled.passes.map(internPass) };
      programs.set(key, program);
    }
    return program;
  };
}
