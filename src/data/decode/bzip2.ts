import { OnebasinError } from "../../core/errors.js";

/** Most bytes that are unpacked, so that a small file cannot fill the memory; USPS has 33 MB. */
const MAX_UNPACKED = 2 ** 28;

const BLOCK_MAGIC = 0x314159265359;
const END_MAGIC = 0x177245385090;
const MAX_TABLES = 6;
const MAX_CODE_LENGTH = 20;
/** Symbols decoded with one table before the next is chosen. */
const GROUP = 50;

/**
 * Unpacks a bzip2 file.
 *
 * @param name how messages name it
 * @throws {OnebasinError} `bad-file`, `limit`
 * @source J. Seward's bzip2 1.0; format as described by J. Tsai, "BZIP2: Format Specification" (2016)
 */
export function unpackBzip2(packed: Uint8Array, name: string): Uint8Array {
  const fail = (problem: string): never => {
    throw new OnebasinError("bad-file", `${name} cannot be unpacked: ${problem}.`, {
      hint: "The file was probably cut short or damaged while it was copied or downloaded: fetch it again.",
      details: { name },
    });
  };
  const bits = createBitReader(packed, () => fail("it ends early"));
  const parts: Uint8Array[] = [];
  let size = 0;
  let whole = 0;
  if (bits.read(24) !== 0x425a68) fail("it does not start with BZh");
  const capacity = (bits.read(8) - 0x30) * 100_000;
  if (capacity < 100_000 || capacity > 900_000) fail("its block size is out of range");
  for (;;) {
    const magic = bits.read(24) * 2 ** 24 + bits.read(24);
    if (magic !== BLOCK_MAGIC && magic !== END_MAGIC) fail("a block does not start where it should");
    const checksum = bits.read(16) * 2 ** 16 + bits.read(16);
    if (magic === END_MAGIC) {
      if (checksum !== whole) fail("it has the wrong checksum");
      break;
    }
    const block = runLengths(readBlock(bits, capacity, fail), MAX_UNPACKED - size, name);
    if (crc32(block) !== checksum) fail("a block has the wrong checksum");
    whole = (((whole << 1) | (whole >>> 31)) ^ checksum) >>> 0;
    size += block.length;
    parts.push(block);
  }
  const out = new Uint8Array(size);
  parts.reduce((at, part) => {
    out.set(part, at);
    return at + part.length;
  }, 0);
  return out;
}

interface BitReader {
  /** The next bits, the first the highest; at most 24. */
  read(count: number): number;
  /** The next bit; the same as `read(1)`, but most of the work is this. */
  bit(): number;
}

function createBitReader(bytes: Uint8Array, ended: () => never): BitReader {
  let at = 0;
  let held = 0;
  let heldBits = 0;
  const read = (count: number): number => {
    while (heldBits < count) {
      if (at >= bytes.length) ended();
      held = (((held & (2 ** heldBits - 1)) << 8) | bytes[at++]) >>> 0;
      heldBits += 8;
    }
    heldBits -= count;
    const value = (held >>> heldBits) & (2 ** count - 1);
    return value;
  };
  return { read, bit: () => (heldBits > 0 ? (held >>> --heldBits) & 1 : read(1)) };
}

type Fail = (problem: string) => never;

/** One block: Huffman codes → move-to-front → Burrows–Wheeler, which leaves the run lengths. */
function readBlock(bits: BitReader, capacity: number, fail: Fail): Uint8Array {
  if (bits.read(1) === 1) fail("it is of a kind that bzip2 no longer writes");
  const origin = bits.read(24);
  const symbols = readSymbolsUsed(bits);
  const end = symbols.length + 1;
  const { tables, selectors } = readTables(bits, symbols.length + 2, fail);
  const block = new Uint8Array(capacity);
  let size = 0;
  let run = 0;
  let runPlace = 1;
  for (let group = 0; ; group++) {
    if (group >= selectors.length) fail("it has too few selectors");
    const table = tables[selectors[group]];
    for (let i = 0; i < GROUP; i++) {
      const symbol = decodeSymbol(bits, table, fail);
      if (symbol <= 1) {
        // Symbols 0 and 1 are the digits 1 and 2 of the length of a run, lowest first.
        run += runPlace * (symbol + 1);
        runPlace *= 2;
        if (run > capacity) fail("a block is too long");
        continue;
      }
      if (run > 0) {
        if (size + run > capacity) fail("a block is too long");
        block.fill(symbols[0], size, size + run);
        size += run;
        run = 0;
        runPlace = 1;
      }
      if (symbol === end) return undoSort(block.subarray(0, size), origin, fail);
      if (size >= capacity) fail("a block is too long");
      const byte = symbols[symbol - 1];
      symbols.copyWithin(1, 0, symbol - 1);
      symbols[0] = byte;
      block[size++] = byte;
    }
  }
}

/** The bytes that occur, from a map of sixteen by sixteen bits. */
function readSymbolsUsed(bits: BitReader): Uint8Array {
  const rows = bits.read(16);
  const used: number[] = [];
  for (let row = 0; row < 16; row++) {
    const columns = rows & (0x8000 >> row) ? bits.read(16) : 0;
    for (let column = 0; column < 16; column++) if (columns & (0x8000 >> column)) used.push(16 * row + column);
  }
  return Uint8Array.from(used);
}

/** A canonical Huffman code: for each length the largest code and where its symbols start in `order`. */
interface CodeTable {
  readonly limits: readonly number[];
  readonly bases: readonly number[];
  readonly order: readonly number[];
}

function readTables(bits: BitReader, symbolCount: number, fail: Fail) {
  const tableCount = bits.read(3);
  const selectorCount = bits.read(15);
  if (symbolCount < 3 || tableCount < 2 || tableCount > MAX_TABLES || selectorCount < 1)
    fail("its code tables are damaged");
  const recent = Array.from({ length: tableCount }, (_, table) => table);
  const selectors = Uint8Array.from({ length: selectorCount }, () => {
    let place = 0;
    while (bits.read(1) === 1) if (++place >= tableCount) fail("a selector is out of range");
    recent.unshift(...recent.splice(place, 1));
    return recent[0];
  });
  const tables = Array.from({ length: tableCount }, () => {
    let length = bits.read(5);
    const lengths = Array.from({ length: symbolCount }, () => {
      while (bits.read(1) === 1) {
        length += bits.read(1) === 0 ? 1 : -1;
        if (length < 1 || length > MAX_CODE_LENGTH) fail("a code length is out of range");
      }
      if (length < 1 || length > MAX_CODE_LENGTH) fail("a code length is out of range");
      return length;
    });
    return codeTable(lengths);
  });
  return { tables, selectors };
}

function codeTable(lengths: readonly number[]): CodeTable {
  const order: number[] = [];
  const limits: number[] = [];
  const bases: number[] = [];
  let code = 0;
  for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
    bases[length] = order.length - code;
    lengths.forEach((own, symbol) => {
      if (own !== length) return;
      order.push(symbol);
      code++;
    });
    limits[length] = code - 1;
    code *= 2;
  }
  return { limits, bases, order };
}

function decodeSymbol(bits: BitReader, { limits, bases, order }: CodeTable, fail: Fail): number {
  let code = 0;
  for (let length = 1; length <= MAX_CODE_LENGTH; length++) {
    code = (code << 1) | bits.bit();
    const symbol = code <= limits[length] ? order[code + bases[length]] : undefined;
    if (symbol !== undefined) return symbol;
  }
  return fail("it holds a code that is in no table");
}

/** The text whose sorted rotations end in `last`, and of which row `origin` is the text itself. */
function undoSort(last: Uint8Array, origin: number, fail: Fail): Uint8Array {
  if (origin >= last.length) fail("a block starts outside itself");
  const starts = new Uint32Array(256);
  for (const byte of last) starts[byte]++;
  for (let byte = 0, sum = 0; byte < 256; byte++) {
    const count = starts[byte];
    starts[byte] = sum;
    sum += count;
  }
  const next = new Uint32Array(last.length);
  for (let i = 0; i < last.length; i++) next[starts[last[i]]++] = i;
  const out = new Uint8Array(last.length);
  for (let i = 0, row = next[origin]; i < out.length; i++, row = next[row]) out[i] = last[row];
  return out;
}

/** After four equal bytes comes a count of how many more of them follow. */
function runLengths(coded: Uint8Array, room: number, name: string): Uint8Array {
  const expand = (put: (byte: number, count: number) => void): void => {
    let equal = 0;
    let previous = -1;
    for (const byte of coded) {
      if (equal === 4) {
        put(previous, byte);
        equal = 0;
        previous = -1;
        continue;
      }
      equal = byte === previous ? equal + 1 : 1;
      previous = byte;
      put(byte, 1);
    }
  };
  let size = 0;
  expand((_, count) => {
    size += count;
  });
  if (size > room) {
    throw new OnebasinError("limit", `${name} unpacks to more than ${MAX_UNPACKED} bytes.`, { details: { name } });
  }
  const out = new Uint8Array(size);
  let at = 0;
  expand((byte, count) => {
    out.fill(byte, at, at + count);
    at += count;
  });
  return out;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte << 24;
  for (let bit = 0; bit < 8; bit++) value = value & 0x80000000 ? (value << 1) ^ 0x04c11db7 : value << 1;
  return value;
});

/** The CRC of bzip2: highest bit first, unlike that of gzip. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc << 8) ^ CRC_TABLE[(crc >>> 24) ^ byte];
  return ~crc >>> 0;
}
