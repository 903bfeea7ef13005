import type { Shape } from "../tensor/shape.js";

/** An axis of an input or output of a node: `input(0, 1)` is axis 1 of the first input. */
export interface AxisRef {
  readonly side: "input" | "output";
  readonly index: number;
  readonly axis: number;
}

/** How a permutation of one axis moves others. */
export type AxisTie =
  /** All are permuted alike. An axis alone may be permuted without any other moving. */
  | { readonly kind: "same"; readonly axes: readonly AxisRef[] }
  /** `whole` runs over its factors, the first slowest: permuting a factor permutes blocks of the whole. */
  | { readonly kind: "product"; readonly whole: AxisRef; readonly factors: readonly AxisRef[] }
  /** `whole` is its parts one after the other. */
  | { readonly kind: "concat"; readonly whole: AxisRef; readonly parts: readonly AxisRef[] };

export const inputAxis = (index: number, axis: number): AxisRef => ({ side: "input", index, axis });
export const outputAxis = (index: number, axis: number): AxisRef => ({ side: "output", index, axis });
export const same = (...axes: readonly AxisRef[]): AxisTie => ({ kind: "same", axes });

/** The ties of an operator that treats every element alone: each axis of its input moves as that of its output. */
export function elementwiseTies(facts: { readonly inputShapes: readonly Shape[] }): AxisTie[] {
  return facts.inputShapes[0].map((_, axis) => same(inputAxis(0, axis), outputAxis(0, axis)));
}

/**
 * The ties of an operator that broadcasts its inputs: axes count from the last, and an axis of size 1 that is
 * stretched stays where it is.
 */
export function broadcastTies(inputShapes: readonly Shape[], outputShape: Shape): AxisTie[] {
  return outputShape.map((size, axis) => {
    const tied = [outputAxis(0, axis)];
    for (const [index, shape] of inputShapes.entries()) {
      const own = axis - (outputShape.length - shape.length);
      if (own >= 0 && shape[own] === size) tied.push(inputAxis(index, own));
    }
    return same(...tied);
  });
}
