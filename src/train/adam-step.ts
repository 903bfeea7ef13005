import { number } from "../core/params.js";
import type { GraphBuilder } from "../network/graph-builder.js";
import type { OptimizerResult } from "./optimizer.js";

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

/** The rate, and what makes up for means that start at 0: rate/(1 − β₁ᵗ) and 1/√(1 − β₂ᵗ). */
export function adamScalars(
  { beta1, beta2 }: AdamValues,
  { rate, step }: { readonly rate: number; readonly step: number },
) {
  return { stepSize: rate / (1 - beta1 ** step), rootScale: 1 / Math.sqrt(1 - beta2 ** step) };
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
  const blend = (old: string, now: string, kept: number): string =>
    build.node("Add", [build.node("Mul", [old, build.scalar(kept)]), build.node("Mul", [now, build.scalar(1 - kept)])]);
  const mean = blend(slots.mean, gradient, values.beta1);
  const square = blend(slots.square, build.node("Mul", [gradient, gradient]), values.beta2);
  const root = build.node("Mul", [build.node("Sqrt", [square]), scalars.rootScale]);
  const spread = build.node("Add", [root, build.scalar(values.epsilon)]);
  const change = build.node("Mul", [build.node("Div", [mean, spread]), scalars.stepSize]);
  return { parameter: build.node("Sub", [parameter, change]), slots: { mean, square } };
}
