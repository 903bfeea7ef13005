import { add, type Expression, sub } from "../expression/expression.js";

/** xᵢ − base, for each model. */
export function taskVectors(models: readonly Expression[], base: Expression | undefined): Expression[] {
  if (base === undefined) throw new Error("a method of task vectors is called without its base");
  return models.map((model) => sub(model, base));
}

export const sumOf = (tensors: readonly Expression[]): Expression => tensors.reduce((total, next) => add(total, next));
