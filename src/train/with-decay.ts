import type { GraphBuilder } from "../network/graph-builder.js";

/** gradient + decay · parameter, PyTorch's `weight_decay` of SGD and Adam. */
export function withDecay(
  build: GraphBuilder,
  gradient: string,
  { parameter, decay }: { readonly parameter: string; readonly decay: number },
): string {
  if (decay === 0) return gradient;
  return build.node("Add", [gradient, build.node("Mul", [parameter, build.scalar(decay)])]);
}
