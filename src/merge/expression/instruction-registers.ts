import type { Instruction } from "./program.js";

/** The registers whose values an instruction uses. */
export function readsOf(instruction: Instruction): readonly number[] {
  switch (instruction.do) {
    case "apply":
    case "reduce":
      return instruction.args;
    case "addScaled":
      return [instruction.a, instruction.b];
    case "scale":
    case "take":
    case "save":
    case "keep":
    case "tally":
    case "store":
      return [instruction.a];
    case "load":
    case "random":
    case "spread":
    case "open":
    case "recall":
      return [];
  }
}

/** The register that an instruction gives a new value. */
export const writeOf = (instruction: Instruction): number | undefined =>
  "out" in instruction ? instruction.out : undefined;
