import { add, div, type Expression, mul } from "../expression/expression.js";
import { sumOf, taskVectors } from "./task-vectors.js";

/** base + factor · mean(xᵢ − base): what methods on matrices do with vectors. */
export function meanTaskVector(
  models: readonly Expression[],
  base: Expression | undefined,
  factor: number,
): Expression {
  const mean = div(sumOf(taskVectors(models, base)), models.length);
  return add(base as Expression, mul(mean, factor));
}
