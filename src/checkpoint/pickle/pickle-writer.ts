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
  const chunks: Uint8Array[] = [Uint8Array.of(CODES.protocol, 2)];
  const memo = new Map<string, number>();
  const bytes = (...values: readonly number[]) => void chunks.push(Uint8Array.from(values));
  const once = (identity: string, write: () => void): void => {
    const known = memo.get(identity);
    if (known !== undefined) {
      bytes(CODES.get, ...le32(known));
      return;
    }
    write();
    bytes(CODES.put, ...le32(memo.size));
    memo.set(identity, memo.size);
  };
  return {
    code: bytes,
    text: (value) =>
      once(`text ${value}`, () => {
        const utf8 = new TextEncoder().encode(value);
        bytes(CODES.text, ...le32(utf8.length));
        chunks.push(utf8);
      }),
    integer: (value) => {
      if (value >= 0 && value < 0x100) bytes(CODES.byte, value);
      else if (value >= 0 && value < 0x10000) bytes(CODES.word, value & 0xff, value >>> 8);
      else if (value === (value | 0)) bytes(CODES.integer, ...le32(value));
      else bytes(CODES.long, 8, ...le64(value));
    },
    boolean: (value) => bytes(value ? CODES.true : CODES.false),
    global: (module, name) =>
      once(`global ${module} ${name}`, () => {
        bytes(CODES.global);
        chunks.push(new TextEncoder().encode(`${module}\n${name}\n`));
      }),
    finish: () => {
      bytes(CODES.stop);
      return concatenated(chunks);
    },
  };
}

const le32 = (value: number): number[] => [0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff);

function le64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
  return bytes;
}

function concatenated(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
