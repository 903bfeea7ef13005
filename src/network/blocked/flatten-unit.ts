import type { Unit } from "../unit.js";
import type { BlockedLayout } from "./layout.js";

/** Flattening leaves a blocked value as it is: who reads it knows in which order its elements lie. */
export function flattenUnit(input: string, output: string, layout: BlockedLayout): Unit {
  return {
    inputs: [input],
    outputs: [output],
    forward: ({ read, write }) => write(output, read(input, layout), layout),
    backward: ({ gradientOf, addGradient }) => addGradient(input, gradientOf(output, layout)!, layout),
  };
}
