import type { GraphBuilder } from "../graph-builder.js";
import { affine, channelMean } from "./channels.js";
import type { BlockedLayout } from "./layout.js";

export interface BatchNormParameters {
  /** γ, [padded] */
  readonly scale: string;
  /** β, [padded] */
  readonly shift: string;
  readonly epsilon: number;
}

/** What the forward rule found; vectors [padded]. */
export interface BatchNormForward {
  readonly y: string;
  readonly mean: string;
  /** Divided by the number of values, not by one less. */
  readonly variance: string;
  /** variance + ε */
  readonly spread: string;
  readonly deviation: string;
  /** γ/σ */
  readonly factor: string;
}

/**
 * Batch normalisation as in training:
 *
 *     y = (γ/σ)·z + (β − mean·γ/σ),  σ² = mean(z²) − mean(z)² + ε
 *
 * The difference is exact enough only where the mean is small beside σ: z must come with its running mean taken off,
 * which changes nothing else (any constant of a channel falls out of y). With a running mean off by k deviations the
 * variance loses a share of about k²·2⁻²⁴.
 */
export function batchNormForward(
  build: GraphBuilder,
  z: string,
  { layout, scale, shift, epsilon, relu }: BatchNormParameters & { layout: BlockedLayout; relu: boolean },
): BatchNormForward {
  const mean = channelMean(build, z, layout);
  const square = channelMean(build, build.node("Mul", [z, z]), layout);
  // Rounding may leave the variance of a constant channel below 0.
  const variance = build.node("Relu", [build.node("Sub", [square, build.node("Mul", [mean, mean])])]);
  const spread = build.node("Add", [variance, build.floats(epsilon)]);
  const deviation = build.node("Sqrt", [spread]);
  const factor = build.node("Div", [scale, deviation]);
  const offset = build.node("Sub", [shift, build.node("Mul", [mean, factor])]);
  const y = affine(build, z, layout, { scale: factor, shift: offset, relu });
  return { y, mean, variance, spread, deviation, factor };
}

/**
 * Gradients through {@link batchNormForward}, g being that of y. With c = mean(z·g) − mean(z)·mean(g), M values per
 * channel:
 *
 *     dβ = M·mean(g),  dγ = M·c/σ
 *     dz = (γ/σ)·(g − mean(g) − (z − mean(z))·c/σ²) = (γ/σ)·g + A·z + B,  A = −(γ/σ)·c/σ²,  B = −(γ/σ)·mean(g) − A·mean(z)
 *
 * @param given `gradientMean`: mean(g), where the caller knows it cheaper
 */
export function batchNormBackward(
  build: GraphBuilder,
  { z, gradient, forward, layout, count, gradientMean }: BatchNormBackwardInput,
): { readonly scale: string; readonly shift: string; readonly z: string } {
  const { mean, spread, deviation, factor } = forward;
  const product = channelMean(build, build.node("Mul", [gradient, z]), layout);
  const covariance = build.node("Sub", [product, build.node("Mul", [mean, gradientMean])]);
  const slope = build.node("Mul", [factor, build.node("Div", [covariance, spread])]);
  const lost = build.node("Mul", [factor, gradientMean]);
  const offset = build.node("Sub", [build.node("Mul", [slope, mean]), lost]);
  const rest = affine(build, z, layout, { scale: build.node("Neg", [slope]), shift: offset });
  return {
    scale: build.node("Mul", [build.node("Div", [covariance, deviation]), build.floats(count)]),
    shift: build.node("Mul", [gradientMean, build.floats(count)]),
    z: affine(build, gradient, layout, { scale: factor, plus: rest }),
  };
}

interface BatchNormBackwardInput {
  readonly z: string;
  readonly gradient: string;
  readonly forward: BatchNormForward;
  readonly layout: BlockedLayout;
  /** Values per channel. */
  readonly count: number;
  readonly gradientMean: string;
}
