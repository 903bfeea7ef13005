/**
 * Puts together a pickle of protocol 2, opcode by opcode.
 *
 * @source Python's `pickletools` module
 */
export interface PickleWriter {
  /** Writes bare opcodes: `writer.code(OP.mark)`. */
  readonly code: (...opcodes: readonly number[]) => void;
  readonly text: (value: string) => void;
  readonly integer: (value: number) => void;
  readonly boolean: (value: boolean) => void;
  /** A class or function by name. */
  readonly global: (module: string, name: string) => void;
  readonly finish: () => Uint8Array;
}

export const OP = {
  mark: 0x28,
  emptyTuple: 0x29,
  tuple1: 0x85,
  tuple2: 0x86,
  tuple: 0x74,
  emptyDict: 0x7d,
  setItems: 0x75,
  reduce: 0x52,
  build: 0x62,
  persistentId: 0x51,
} as const;

const CODES = {
  protocol: 0x80,
  stop: 0x2e,
  text: 0x58,
  global: 0x63,
  byte: 0x4b,
  word: 0x4d,
  integer: 0x4a,
  long: 0x8a,
  true: 0x88,
  false: 0x89,
  put: 0x72,
  get: 0x6a,
} as const;

/** Begins a pickle. Text and names that come again are recalled from the memo, as Python does. */
export function createPickleWriter(): PickleWriter {
  let buffer = new Uint8Array(2 ** 12);
  let length = 0;
  const memo = new Map<string, number>();
  const append = (bytes: ArrayLike<number>): void => {
    if (length + bytes.length > buffer.length) {
      const larger = new Uint8Array(2 * (length + bytes.length));
      larger.set(buffer.subarray(0, length));
      buffer = larger;
    }
    buffer.set(bytes, length);
    length += bytes.length;
  };
  const once = (identity: string, write: () => void): void => {
    const known = memo.get(identity);
    if (known !== undefined) {
      append([CODES.get, ...le32(known)]);
      return;
    }
    write();
    append([CODES.put, ...le32(memo.size)]);
    memo.set(identity, memo.size);
  };
  append([CODES.protocol, 2]);
  return {
    code: (...opcodes) => append(opcodes),
    text: (value) =>
      once(`text ${value}`, () => {
        const utf8 = encoder.encode(value);
        append([CODES.text, ...le32(utf8.length)]);
        append(utf8);
      }),
    integer: (value) => {
      if (value >= 0 && value < 0x100) append([CODES.byte, value]);
      else if (value >= 0 && value < 0x10000) append([CODES.word, value & 0xff, value >>> 8]);
      else if (value === (value | 0)) append([CODES.integer, ...le32(value)]);
      else append([CODES.long, 8, ...le64(value)]);
    },
    boolean: (value) => append([value ? CODES.true : CODES.false]),
    global: (module, name) =>
      once(`global ${module} ${name}`, () => {
        append([CODES.global]);
        append(encoder.encode(`${module}\n${name}\n`));
      }),
    finish: () => {
      append([CODES.stop]);
      return buffer.slice(0, length);
    },
  };
}

const encoder = new TextEncoder();

const le32 = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

function le64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
  return bytes;
}
