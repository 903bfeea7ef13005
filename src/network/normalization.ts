import type { GraphBuilder } from "./graph-builder.js";

/**
 * The gradient through x̂ = (x − mean)/σ, with mean and σ over `axes`:
 *
 *     dx = (g − mean(g) − x̂·mean(g·x̂)) / σ
 *
 * @param gradient g, with respect to x̂
 */
export function normalizationGradient(
  build: GraphBuilder,
  gradient: string,
  { normal, inverse, axes }: { readonly normal: string; readonly inverse: string; readonly axes: readonly number[] },
): string {
  const mean = (value: string): string =>
    build.node("ReduceMean", [value, build.ints(...axes)], { keepdims: { int: 1 } });
  const tilt = build.node("Mul", [normal, mean(build.node("Mul", [gradient, normal]))]);
  const rest = build.node("Sub", [build.node("Sub", [gradient, mean(gradient)]), tilt]);
  return build.node("Mul", [rest, inverse]);
}
