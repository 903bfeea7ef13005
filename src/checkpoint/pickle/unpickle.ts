import { type Machine, pickleError, pop, spend, takeField } from "./machine.js";
import { OPERATIONS } from "./opcodes.js";
import type { PicklePersistent, PickleValue } from "./values.js";

/** What one pickle holds, and where it ends. */
export interface Unpickled {
  readonly value: PickleValue;
  /** Position after the last byte. */
  readonly end: number;
  /** References to what is stored outside, in order of appearance, repetitions included. */
  readonly persistent: readonly PicklePersistent[];
}

const STOP = 0x2e;

/**
 * Reads one pickle as data. Nothing is imported and nothing is called: a name is a symbol, an instance is its
 * class name and its state, and only calls that are known to build data are recorded.
 *
 * Cost: O(bytes); memory within a constant factor of the bytes.
 *
 * @param name how messages name the file
 * @throws `bad-file`, `unsafe-file`, `unsupported`, `limit`
 */
export function unpickle(
  bytes: Uint8Array,
  { name, start = 0 }: { readonly name: string; readonly start?: number },
): Unpickled {
  const machine: Machine = {
    name,
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    at: start,
    cost: 0,
    stack: [],
    marks: [],
    memo: new Map(),
    persistent: [],
  };
  for (;;) {
    const opcode = machine.view.getUint8(takeField(machine, 1));
    if (opcode === STOP) return { value: pop(machine), end: machine.at, persistent: machine.persistent };
    spend(machine, 1);
    const operation = OPERATIONS.get(opcode);
    if (operation === undefined) throw pickleError(machine, `has no meaning at opcode 0x${opcode.toString(16)}`);
    operation(machine);
  }
}
