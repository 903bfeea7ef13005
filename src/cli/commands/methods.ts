import { formatTable } from "../../core/format-table.js";
import { describeParam, type Param } from "../../core/params.js";
import type { MergeMethod } from "../../merge/method.js";
import { defineCommand } from "../command.js";

export const methods = defineCommand({
  name: "methods",
  args: "[id]",
  doc: "Every merge method: formula, parameters, when to use it, paper. 'expr' lists the functions of formulas.",
  options: [],
  examples: ["onebasin methods", "onebasin methods slerp", "onebasin methods expr"],
  run: async ({ args: [id], output }) => {
    const library = await import("../../merge/methods.gen.js");
    const { FUNCTIONS } = await import("../../merge/expression/parse-expression.js");
    if (id === "expr") {
      const functions = Object.entries(FUNCTIONS).map(([name, { arity, variadic, doc }]) => ({
        name,
        arity,
        variadic: variadic ?? false,
        doc,
      }));
      const rows = functions.map(({ name, arity, variadic, doc }) => [
        name,
        variadic ? `${arity} or more` : `${arity}`,
        doc,
      ]);
      const operators =
        "Operators: + - * / ** < <= > >= == != && || ! and x ? y : z. Comparisons give 1 or 0; pi is a number.";
      output.result(`${formatTable([["function", "arguments", "gives"], ...rows])}\n\n${operators}`, { functions });
      return;
    }
    if (id === undefined) {
      const rows = library.methods.map((method) => [method.id, models(method), method.formula]);
      output.result(formatTable([["method", "models", "formula"], ...rows]), {
        methods: library.methods.map(methodJson),
      });
      return;
    }
    const { findMethod } = await import("../../merge/recipe.js");
    const method = findMethod(id);
    output.result(describe(method), methodJson(method));
  },
});

function models({ models: { min, max }, base }: MergeMethod): string {
  const count = max === undefined ? `${min}+` : min === max ? `${min}` : `${min}–${max}`;
  return base === "required" ? `${count} and a base` : base === "optional" ? `${count}, base optional` : count;
}

function describe(method: MergeMethod): string {
  const params = Object.entries(method.params).map(([name, param]) => [`  ${name}`, describeParam(param), param.doc]);
  const lines = [
    `${method.title} (${method.id})`,
    method.doc,
    "",
    `  ${method.formula}`,
    "",
    `Models: ${models(method)}${method.defaultWeight === undefined ? "" : `; weights, ${method.defaultWeight} unless given`}`,
    ...(method.statistics === undefined
      ? []
      : [`Statistics: ${method.statistics.title}, by: onebasin statistics --kind ${method.statistics.kind}`]),
    ...(method.matrix === undefined ? [] : [`Each weight is one matrix; of all else, the ${method.matrix.others}.`]),
    ...(params.length > 0 ? ["Parameters:", formatTable(params)] : []),
    `Use: ${method.use}`,
    ...(method.paper === undefined ? [] : [`Paper: ${method.paper}`]),
  ];
  return lines.join("\n");
}

function methodJson({
  id,
  title,
  doc,
  formula,
  use,
  paper,
  models: range,
  base,
  defaultWeight,
  gives,
  params,
}: MergeMethod): object {
  const described = Object.fromEntries(Object.entries(params).map(([name, param]) => [name, param satisfies Param]));
  return { id, title, doc, formula, use, paper, models: range, base, defaultWeight, gives, params: described };
}
