import { number } from "../core/params.js";
import type { GraphBuilder } from "../network/graph-builder.js";
import type { OptimizerResult, StepScalars } from "./optimizer.js";

/** Options that Adam and AdamW share. */
export const adamParams = {
  beta1: number({ doc: "Share of the mean gradient that is kept.", default: 0.9, min: 0, max: 0.9999999 }),
  beta2: number({ doc: "Share of the mean squared gradient that is kept.", default: 0.999, min: 0, max: 0.9999999 }),
  epsilon: number({ doc: "Added to the root, against division by 0.", default: 1e-8, min: 0 }),
} as const;

export interface AdamValues {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export const ADAM_SLOTS = ["mean", "square"] as const;

/** Shares of the mean, the rate, and what makes up for means that start at 0: rate/(1 − β₁ᵗ) and 1/√(1 − β₂ᵗ). */
export function adamScalars({ beta1: told, beta2 }: AdamValues, { rate, step, momentum: beta1 = told }: StepScalars) {
  return {
    keep: beta1,
    take: 1 - beta1,
    stepSize: rate / (1 - beta1 ** step),
    rootScale: 1 / Math.sqrt(1 - beta2 ** step),
  };
}

/**
 * m ← β₁m + (1 − β₁)g;  v ← β₂v + (1 − β₂)g²;  w ← w − stepSize·m/(√v·rootScale + ε)
 *
 * @source Kingma, Ba: "Adam" (ICLR 2015), algorithm 1; agrees with PyTorch, which adds ε after the correction
 */
export function emitAdamStep(
  build: GraphBuilder,
  values: AdamValues,
  at: {
    readonly parameter: string;
    readonly gradient: string;
    readonly slots: Readonly<Record<string, string>>;
    readonly scalars: Readonly<Record<string, string>>;
  },
): OptimizerResult {
  const { parameter, gradient, slots, scalars } = at;
  const blend = (old: string, now: string, [keep, take]: readonly [string, string]): string =>
    build.node("Add", [build.node("Mul", [old, keep]), build.node("Mul", [now, take])]);
  const mean = blend(slots.mean, gradient, [scalars.keep, scalars.take]);
  const square = blend(slots.square, build.node("Mul", [gradient, gradient]), [
    build.scalar(values.beta2),
    build.scalar(1 - values.beta2),
  ]);
  const root = build.node("Mul", [build.node("Sqrt", [square]), scalars.rootScale]);
  const spread = build.node("Add", [root, build.scalar(values.epsilon)]);
  const change = build.node("Mul", [build.node("Div", [mean, spread]), scalars.stepSize]);
  return { parameter: build.node("Sub", [parameter, change]), slots: { mean, square } };
}
