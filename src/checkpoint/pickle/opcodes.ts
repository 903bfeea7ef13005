import { badFile, unsupported } from "../file-errors.js";
import { buildCall, buildInstance, buildState, dictOf, listOf } from "./build.js";
import { i32, lineNumber, takeOldText, takeText, u8, u16, u32, u64 } from "./fields.js";
import { pickleGlobal } from "./globals.js";
import { parseFloating, parseLong, parsePythonString, parseRawUnicode, twosComplement } from "./literals.js";
import {
  type Machine,
  pickleError,
  pop,
  popMark,
  push,
  pushMark,
  pushNew,
  spend,
  takeBytes,
  takeField,
  takeLine,
  top,
} from "./machine.js";
import { isPickle, type PicklePersistent, type PickleValue } from "./values.js";

type Operation = (machine: Machine) => void;

const HIGHEST_PROTOCOL = 5;

const value =
  (read: (machine: Machine) => PickleValue): Operation =>
  (machine) =>
    pushNew(machine, read(machine));

const bytes = (length: (machine: Machine) => number) => value((machine) => takeBytes(machine, length(machine)).slice());
const text = (length: (machine: Machine) => number) => value((machine) => takeText(machine, length(machine)));
const oldText = (length: (machine: Machine) => number) => value((machine) => takeOldText(machine, length(machine)));

const tupleOf = (count: number) =>
  value((machine) => {
    const items = Array.from({ length: count }, () => pop(machine));
    return { type: "tuple", items: items.reverse() };
  });

const remember = (index: (machine: Machine) => number): Operation => {
  return (machine) => machine.memo.set(index(machine), top(machine));
};

const recall = (index: (machine: Machine) => number): Operation => {
  return (machine) => {
    const found = machine.memo.get(index(machine));
    if (found === undefined) throw pickleError(machine, "recalls something it never stored");
    push(machine, found);
  };
};

function setItems(machine: Machine, items: readonly PickleValue[]): void {
  if (items.length % 2 !== 0) throw pickleError(machine, "sets a key without a value");
  const dict = dictOf(machine, top(machine));
  for (let i = 0; i < items.length; i += 2) dict.items.set(items[i], items[i + 1]);
}

function addItems(machine: Machine): void {
  const items = popMark(machine);
  const set = top(machine);
  if (!isPickle(set, "set")) throw pickleError(machine, "adds to something that is not a set");
  for (const item of items) set.items.add(item);
}

function appendItems(machine: Machine, items: readonly PickleValue[]): void {
  const list = listOf(machine, top(machine));
  for (const item of items) list.items.push(item);
}

function tupleItems(machine: Machine): readonly PickleValue[] {
  const args = pop(machine);
  if (!isPickle(args, "tuple")) throw pickleError(machine, "has arguments that are not a tuple");
  spend(machine, args.items.length);
  return args.items;
}

function persistent(machine: Machine, id: PickleValue): void {
  // PyTorch before 1.6 wrapped classes in this way, to keep their source code beside them.
  if (isPickle(id, "tuple") && id.items[0] === "module" && isPickle(id.items[1], "global")) {
    pushNew(machine, id.items[1]);
    return;
  }
  const reference: PicklePersistent = { type: "persistent", id };
  machine.persistent.push(reference);
  pushNew(machine, reference);
}

const refuseExtension: Operation = ({ name }) => {
  const hint = "Load the file in the program that wrote it and save a state dict.";
  throw unsupported(name, "its pickle uses Python's extension registry", hint);
};

const refuseOutOfBand: Operation = ({ name }) => {
  throw badFile(name, "its pickle refers to buffers that are not in the file");
};

/**
 * What each opcode does. STOP is not here: it ends the reading.
 *
 * @source the opcodes of Python's `pickletools` module, protocols 0 to 5
 */
export const OPERATIONS: ReadonlyMap<number, Operation> = new Map<number, Operation>([
  [
    0x80, // PROTO
    (machine) => {
      const protocol = u8(machine);
      if (protocol > HIGHEST_PROTOCOL) throw pickleError(machine, `has protocol ${protocol}; the highest is 5`);
    },
  ],
  [0x95, (machine) => void takeField(machine, 8)], // FRAME: a hint for buffering

  // Constants and numbers
  [0x4e, value(() => null)], // NONE
  [0x88, value(() => true)], // NEWTRUE
  [0x89, value(() => false)], // NEWFALSE
  [0x4b, value(u8)], // BININT1
  [0x4d, value(u16)], // BININT2
  [0x4a, value(i32)], // BININT
  [0x49, value((machine) => parseInteger(machine, takeLine(machine)))], // INT
  [0x4c, value((machine) => parseLong(machine, takeLine(machine).replace(/L$/, "")))], // LONG
  [0x8a, value((machine) => twosComplement(machine, takeBytes(machine, u8(machine))))], // LONG1
  [0x8b, value((machine) => twosComplement(machine, takeBytes(machine, i32(machine))))], // LONG4
  [0x46, value((machine) => parseFloating(machine, takeLine(machine)))], // FLOAT
  [0x47, value((machine) => machine.view.getFloat64(takeField(machine, 8), false))], // BINFLOAT

  // Text and bytes
  [0x53, value((machine) => parsePythonString(machine, takeLine(machine)))], // STRING
  [0x54, oldText(i32)], // BINSTRING
  [0x55, oldText(u8)], // SHORT_BINSTRING
  [0x56, value((machine) => parseRawUnicode(takeLine(machine)))], // UNICODE
  [0x8c, text(u8)], // SHORT_BINUNICODE
  [0x58, text(u32)], // BINUNICODE
  [0x8d, text(u64)], // BINUNICODE8
  [0x43, bytes(u8)], // SHORT_BINBYTES
  [0x42, bytes(u32)], // BINBYTES
  [0x8e, bytes(u64)], // BINBYTES8
  [0x96, bytes(u64)], // BYTEARRAY8
  [0x97, refuseOutOfBand], // NEXT_BUFFER
  [0x98, refuseOutOfBand], // READONLY_BUFFER

  // Containers
  [0x28, pushMark], // MARK
  [0x5d, value(() => ({ type: "list", items: [] }))], // EMPTY_LIST
  [0x6c, value((machine) => ({ type: "list", items: popMark(machine) }))], // LIST
  [0x61, (machine) => appendItems(machine, [pop(machine)])], // APPEND
  [0x65, (machine) => appendItems(machine, popMark(machine))], // APPENDS
  [0x29, tupleOf(0)], // EMPTY_TUPLE
  [0x85, tupleOf(1)], // TUPLE1
  [0x86, tupleOf(2)], // TUPLE2
  [0x87, tupleOf(3)], // TUPLE3
  [0x74, value((machine) => ({ type: "tuple", items: popMark(machine) }))], // TUPLE
  [0x7d, value(() => ({ type: "dict", items: new Map() }))], // EMPTY_DICT
  [
    0x64, // DICT
    (machine) => {
      const items = popMark(machine);
      pushNew(machine, { type: "dict", items: new Map() });
      setItems(machine, items);
    },
  ],
  [
    0x73, // SETITEM
    (machine) => {
      const item = pop(machine);
      setItems(machine, [pop(machine), item]);
    },
  ],
  [0x75, (machine) => setItems(machine, popMark(machine))], // SETITEMS
  [0x8f, value(() => ({ type: "set", items: new Set() }))], // EMPTY_SET
  [0x90, addItems], // ADDITEMS
  [0x91, value((machine) => ({ type: "set", items: new Set(popMark(machine)) }))], // FROZENSET

  // The stack and the memo
  [0x30, popOrUnmark], // POP
  [0x31, (machine) => void popMark(machine)], // POP_MARK
  [0x32, (machine) => push(machine, top(machine))], // DUP
  [0x70, remember(lineNumber)], // PUT
  [0x71, remember(u8)], // BINPUT
  [0x72, remember(u32)], // LONG_BINPUT
  [0x94, remember((machine) => machine.memo.size)], // MEMOIZE
  [0x67, recall(lineNumber)], // GET
  [0x68, recall(u8)], // BINGET
  [0x6a, recall(u32)], // LONG_BINGET

  // Names, instances, calls
  [0x63, value((machine) => pickleGlobal(takeLine(machine), takeLine(machine), machine.name))], // GLOBAL
  [
    0x93, // STACK_GLOBAL
    (machine) => {
      const name = pop(machine);
      const module = pop(machine);
      if (typeof name !== "string" || typeof module !== "string") throw pickleError(machine, "has a malformed name");
      pushNew(machine, pickleGlobal(module, name, machine.name));
    },
  ],
  [
    0x52, // REDUCE
    (machine) => {
      const args = tupleItems(machine);
      pushNew(machine, buildCall(machine, pop(machine), args));
    },
  ],
  [
    0x69, // INST
    (machine) => {
      const of = pickleGlobal(takeLine(machine), takeLine(machine), machine.name);
      pushNew(machine, buildCall(machine, of, popMark(machine)));
    },
  ],
  [
    0x6f, // OBJ
    (machine) => {
      const [of, ...args] = popMark(machine);
      if (of === undefined) throw pickleError(machine, "makes an instance of nothing");
      pushNew(machine, buildCall(machine, of, args));
    },
  ],
  [
    0x81, // NEWOBJ
    (machine) => {
      const args = tupleItems(machine);
      pushNew(machine, buildInstance(machine, pop(machine), args));
    },
  ],
  [
    0x92, // NEWOBJ_EX
    (machine) => {
      pop(machine);
      const args = tupleItems(machine);
      pushNew(machine, buildInstance(machine, pop(machine), args));
    },
  ],
  [
    0x62, // BUILD
    (machine) => {
      const state = pop(machine);
      buildState(machine, top(machine), state);
    },
  ],
  [0x50, (machine) => persistent(machine, takeLine(machine))], // PERSID
  [0x51, (machine) => persistent(machine, pop(machine))], // BINPERSID
  [0x82, refuseExtension], // EXT1
  [0x83, refuseExtension], // EXT2
  [0x84, refuseExtension], // EXT4
]);

function popOrUnmark(machine: Machine): void {
  if (machine.stack.length > 0) pop(machine);
  else popMark(machine);
}

function parseInteger(machine: Machine, line: string): PickleValue {
  if (line === "00" || line === "01") return line === "01";
  return parseLong(machine, line);
}
