import { badFile, overLimit } from "../file-errors.js";
import type { PicklePersistent, PickleValue } from "./values.js";

/**
 * A tensor costs about 90, so that this is enough for almost 90,000 of them; an optimizer keeps two more for each.
 * Memory stays below a gigabyte and time below ten seconds, and no map grows beyond the 2^24 items that
 * JavaScript allows.
 */
const MAX_COST = 8_000_000;
/** What values cost that take more memory than a number or a piece of text does. */
export const COST_OF_NEW = { list: 4, tuple: 4, global: 5, object: 5, persistent: 5, dict: 10, set: 10 } as const;
/** PyTorch keeps at most one batch of 1000 items and a few levels of nesting on the stack. */
const MAX_STACK = 1_000_000;

/** The state of the pickle machine: bytes being read, the stack with its marks, the memo. */
export interface Machine {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
  cost: number;
  stack: PickleValue[];
  /** Stacks set aside by MARK, innermost last. */
  readonly marks: PickleValue[][];
  readonly memo: Map<number, PickleValue>;
  readonly persistent: PicklePersistent[];
}

/** Thrown inside the reader when the bytes given so far do not hold the whole pickle. */
export const PICKLE_ENDS_EARLY = "pickle-ends-early";

export const pickleError = (machine: Machine, what: string) =>
  badFile(machine.name, `its pickle ${what} (byte ${machine.at})`, { position: machine.at });

/** Counts work and memory, so that neither is without end. */
export function spend(machine: Machine, cost: number): void {
  machine.cost += cost;
  if (machine.cost > MAX_COST) throw overLimit(machine.name, "its pickle takes more work than any model would");
}

/** Pushes a value that was not there before. */
export function pushNew(machine: Machine, value: PickleValue): void {
  if (typeof value === "object" && value !== null && "type" in value) spend(machine, COST_OF_NEW[value.type]);
  push(machine, value);
}

export function push(machine: Machine, value: PickleValue): void {
  if (machine.stack.length >= MAX_STACK)
    throw overLimit(machine.name, `its pickle stacks more than ${MAX_STACK} values`);
  machine.stack.push(value);
}

export function pop(machine: Machine): PickleValue {
  const value = machine.stack.pop();
  if (value === undefined) throw pickleError(machine, "takes a value where there is none");
  return value;
}

export function top(machine: Machine): PickleValue {
  const value = machine.stack.at(-1);
  if (value === undefined) throw pickleError(machine, "looks at a value where there is none");
  return value;
}

export function pushMark(machine: Machine): void {
  if (machine.marks.length >= MAX_STACK) throw overLimit(machine.name, `its pickle sets more than ${MAX_STACK} marks`);
  machine.marks.push(machine.stack);
  machine.stack = [];
}

/** Everything above the topmost mark, which is removed. */
export function popMark(machine: Machine): PickleValue[] {
  const items = machine.stack;
  const below = machine.marks.pop();
  if (below === undefined) throw pickleError(machine, "goes back to a mark it never set");
  machine.stack = below;
  return items;
}

/** The next `length` bytes, not copied. */
export function takeBytes(machine: Machine, length: number): Uint8Array {
  const start = machine.at;
  if (!(length >= 0 && start + length <= machine.bytes.length)) throw endsEarly(machine);
  machine.at += length;
  return machine.bytes.subarray(start, start + length);
}

/** Moves past the next `length` bytes and returns where they begin in `view`. */
export function takeField(machine: Machine, length: number): number {
  takeBytes(machine, length);
  return machine.at - length;
}

const NEWLINE = 0x0a;

/** The next line without its end, as Latin-1. */
export function takeLine(machine: Machine): string {
  const end = machine.bytes.indexOf(NEWLINE, machine.at);
  if (end < 0) throw endsEarly(machine);
  const line = takeBytes(machine, end - machine.at);
  machine.at++;
  return latin1(line);
}

function endsEarly(machine: Machine) {
  return badFile(machine.name, "its pickle ends early", { [PICKLE_ENDS_EARLY]: true });
}

const latin1Decoder = new TextDecoder("latin1");

/** One character per byte. `TextDecoder` means windows-1252 by this, which differs from 0x80 to 0x9f. */
export function latin1(bytes: Uint8Array): string {
  if (bytes.every((byte) => byte < 0x80)) return latin1Decoder.decode(bytes);
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}
