import { abs, apply, div, type Expression, lt, max, mul } from "../expression/expression.js";
import { sumOf } from "./task-vectors.js";

/** Where task vectors are not (nearly) 0. */
export interface Touched {
  /** By model: 1 where |δ| > ε, else 0. */
  readonly masks: readonly Expression[];
  /** How many models touch each element. */
  readonly count: Expression;
}

export function touched(deltas: readonly Expression[], epsilon: number): Touched {
  const masks = deltas.map((delta) => lt(epsilon, abs(delta)));
  return { masks, count: sumOf(masks) };
}

/** Σ maskᵢ·δᵢ divided by the number of models that touch the element: the whole δ where only one does. */
export function meanOfTouched(deltas: readonly Expression[], { masks, count }: Touched): Expression {
  return div(sumOf(deltas.map((delta, i) => mul(delta, masks[i]))), max(count, 1));
}

/** 1 where this model alone touches the element. */
export function touchedAlone(mask: Expression, count: Expression): Expression {
  return mul(mask, apply("eq", count, 1));
}

/** 1 where this model and another touch the element. */
export function touchedTogether(mask: Expression, count: Expression): Expression {
  return mul(mask, lt(1, count));
}
