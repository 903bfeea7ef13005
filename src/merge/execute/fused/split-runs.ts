import { readsOf, writeOf } from "../../expression/instruction-registers.js";
import type { Instruction } from "../../expression/program.js";

/** Consecutive instructions of a stage that are all of one kind. */
export interface Run {
  readonly isFusible: boolean;
  readonly instructions: readonly Instruction[];
  /** Registers written here and read later in the stage. */
  readonly kept: readonly number[];
  /** Whether doing them again gives the same: they leave in memory nothing in the place of what they found there. */
  readonly isRepeatable: boolean;
}

/** Divides the instructions of a stage into those that become one loop and those that do not. */
export function splitRuns(
  instructions: readonly Instruction[],
  isFusible: (instruction: Instruction) => boolean,
): readonly Run[] {
  const runs: Run[] = [];
  for (let start = 0; start < instructions.length; ) {
    const kind = isFusible(instructions[start]);
    let end = start + 1;
    while (end < instructions.length && isFusible(instructions[end]) === kind) end++;
    const own = instructions.slice(start, end);
    const kept = keptOf(own, instructions.slice(end));
    runs.push({ isFusible: kind, instructions: own, kept, isRepeatable: isRepeatable(own, kept) });
    start = end;
  }
  return runs;
}

function keptOf(run: readonly Instruction[], later: readonly Instruction[]): number[] {
  const written = new Set(run.map(writeOf).filter((register) => register !== undefined));
  const kept: number[] = [];
  for (const instruction of later) {
    for (const register of readsOf(instruction)) if (written.delete(register)) kept.push(register);
    const overwritten = writeOf(instruction);
    if (overwritten !== undefined) written.delete(overwritten);
  }
  return kept;
}

function isRepeatable(run: readonly Instruction[], kept: readonly number[]): boolean {
  const written = new Set<number>();
  const opened = new Set<number>();
  for (const instruction of run) {
    if (readsOf(instruction).some((register) => !written.has(register) && kept.includes(register))) return false;
    if (instruction.do === "open") opened.add(instruction.buffer);
    if (instruction.do === "save" && opened.has(instruction.buffer)) return false;
    const register = writeOf(instruction);
    if (register !== undefined) written.add(register);
  }
  return true;
}
