import { readsOf, writeOf } from "../../expression/instruction-registers.js";
import type { Instruction } from "../../expression/program.js";

/** Operations that give NaN or an infinity wherever an operand is one. */
const PROPAGATING: ReadonlySet<string> = new Set(["neg", "abs", "add", "sub", "mul"]);

const propagates = (instruction: Instruction): boolean =>
  instruction.do === "scale" ||
  instruction.do === "addScaled" ||
  (instruction.do === "apply" && PROPAGATING.has(instruction.kernel));

/** Whether it shows in the results of a loop when an operand is not finite. */
const shows = (instruction: Instruction): boolean =>
  instruction.do === "store" || (instruction.do === "reduce" && instruction.reduction === "dot");

/**
 * Whether a tensor that these instructions load cannot hold NaN or an infinity without one in what they store or in a dot
 * product, so that a look at those is enough.
 *
 * @param load place of the instruction that loads it
 */
export function showsInResults(instructions: readonly Instruction[], load: number): boolean {
  const carrying = new Set<number>();
  for (const [place, instruction] of instructions.entries()) {
    const carries = place === load || readsOf(instruction).some((register) => carrying.has(register));
    if (carries && shows(instruction)) return true;
    const written = writeOf(instruction);
    if (written === undefined) continue;
    if (place === load || (carries && propagates(instruction))) carrying.add(written);
    else carrying.delete(written);
  }
  return false;
}
