import type { ByteSource } from "../../checkpoint/byte-source.js";
import { OnebasinError } from "../../core/errors.js";
import { type ByteStream, inflateStream, sourceStream } from "./byte-stream.js";

/** A numeric array in a MATLAB file. Its numbers lie column by column: the first axis varies fastest. */
export interface MatArray {
  readonly name: string;
  readonly sizes: readonly number[];
  /** How the numbers are stored, which may be narrower than what MATLAB calls them. */
  readonly stored: StoredType;
  readonly littleEndian: boolean;
  /** The stored numbers, from the first on; the caller closes it. */
  readonly open: () => Promise<ByteStream>;
}

export type StoredType = "i8" | "u8" | "i16" | "u16" | "i32" | "u32" | "f32" | "f64";

/**
 * Lists the numeric arrays of a MATLAB 5 file (`save -v6` or `-v7`, packed or not). Reads headers only; arrays of
 * text, cells and structures are passed over.
 *
 * @throws {OnebasinError} `bad-file`, `unsupported` for MATLAB 7.3 files, which are HDF5, `limit`
 * @source MathWorks: "MAT-File Format", chapter 1, level 5
 */
export async function listMatArrays(source: ByteSource): Promise<MatArray[]> {
  const littleEndian = await readFileHeader(source);
  const arrays: MatArray[] = [];
  let offset = HEADER_BYTES;
  for (let elements = 0; offset < source.size; elements++) {
    if (elements >= MAX_ELEMENTS) {
      throw new OnebasinError("limit", `${source.name} holds more than ${MAX_ELEMENTS} variables.`);
    }
    const tag = new DataView((await source.read(offset, TAG_BYTES)).buffer);
    const type = tag.getUint32(0, littleEndian);
    const length = tag.getUint32(4, littleEndian);
    const start = offset + TAG_BYTES;
    if ((type !== COMPRESSED && type !== MATRIX) || length === 0) {
      throw badMat(source.name, `the element at byte ${offset} has type ${type} and ${length} bytes`);
    }
    if (start + length > source.size) {
      const problem = `the element at byte ${offset} has ${length} bytes, the file ends after ${source.size - start} of them`;
      throw badMat(source.name, problem);
    }
    const open = (): ByteStream =>
      type === COMPRESSED
        ? inflateStream(source, { format: "deflate", offset: start, length })
        : sourceStream(source, start - TAG_BYTES, length + TAG_BYTES);
    const array = await readArrayHeader(open, littleEndian);
    if (array !== undefined) arrays.push(array);
    offset = start + length;
  }
  return arrays;
}

const HEADER_BYTES = 128;
const TAG_BYTES = 8;
const MATRIX = 14;
const COMPRESSED = 15;

/** Datasets hold two or three; protects from a file made of nothing but headers. */
const MAX_ELEMENTS = 1000;
/** MATLAB itself stops at 63. */
const MAX_NAME_BYTES = 256;
/** Images have at most four axes. */
const MAX_RANK = 32;

const STORED_TYPES = new Map<number, StoredType>([
  [1, "i8"],
  [2, "u8"],
  [3, "i16"],
  [4, "u16"],
  [5, "i32"],
  [6, "u32"],
  [7, "f32"],
  [9, "f64"],
]);

/** Numbers of MATLAB's array classes from `double` to `uint64`. */
const NUMERIC_CLASSES = { first: 6, last: 15 } as const;

/** Checks the first 128 bytes; true when the file is little-endian. */
async function readFileHeader(source: ByteSource): Promise<boolean> {
  if (source.size < HEADER_BYTES)
    throw badMat(source.name, `it has ${source.size} bytes, the header alone has ${HEADER_BYTES}`);
  const header = await source.read(0, HEADER_BYTES);
  const text = String.fromCharCode(...header.subarray(0, 116));
  if (text.startsWith("MATLAB 7.3")) {
    throw new OnebasinError("unsupported", `${source.name} is a MATLAB 7.3 file, which is HDF5.`, {
      hint: "Save it as version 7: save('file.mat', 'X', 'y', '-v7') in MATLAB, scipy.io.savemat in Python.",
    });
  }
  const order = String.fromCharCode(header[126], header[127]);
  if (order !== "IM" && order !== "MI") throw badMat(source.name, "it has no byte order mark at byte 126");
  return order === "IM";
}

/** Undefined for an array that holds no numbers. */
async function readArrayHeader(open: () => ByteStream, littleEndian: boolean): Promise<MatArray | undefined> {
  const stream = open();
  try {
    const header = await readToData(stream, littleEndian);
    if (header === undefined) return undefined;
    const { name, sizes, stored } = header;
    return {
      name,
      sizes,
      stored,
      littleEndian,
      open: async () => {
        const opened = open();
        await readToData(opened, littleEndian);
        return opened;
      },
    };
  } finally {
    await stream.close();
  }
}

/** Reads a matrix element up to its first number. */
async function readToData(stream: ByteStream, littleEndian: boolean) {
  const read = (what: string, limit: number): Promise<Element> => readElement(stream, { what, limit, littleEndian });
  const outer = await readTag(stream, littleEndian);
  if (outer.type !== MATRIX) throw badMat(stream.name, `a variable has element type ${outer.type} and not ${MATRIX}`);
  const flags = await read("its flags", 8);
  const arrayClass = littleEndian ? flags.data[0] : flags.data[3];
  if (!(arrayClass >= NUMERIC_CLASSES.first && arrayClass <= NUMERIC_CLASSES.last)) return undefined;
  const dimensions = await read("its sizes", 4 * MAX_RANK);
  const view = new DataView(dimensions.data.buffer);
  const sizes = Array.from({ length: dimensions.data.length >> 2 }, (_, i) => view.getInt32(4 * i, littleEndian));
  const { data } = await read("its name", MAX_NAME_BYTES);
  const name = String.fromCharCode(...data);
  const { type, size, small } = await readTag(stream, littleEndian);
  const stored = STORED_TYPES.get(type);
  if (stored === undefined) {
    throw new OnebasinError("unsupported", `${stream.name}: "${name}" is stored as element type ${type}.`, {
      hint: "Bytes, integers of up to 32 bits, singles and doubles are read.",
    });
  }
  const count = sizes.reduce((product, length) => product * length, 1);
  if (sizes.some((length) => length < 0) || size !== count * storedBytes(stored)) {
    throw badMat(stream.name, `"${name}" is [${sizes.join(", ")}] of ${stored}, but has ${size} bytes`);
  }
  return { name, sizes, stored, small };
}

export const storedBytes = (type: StoredType): number => Number(type.slice(1)) / 8;

interface Tag {
  readonly type: number;
  readonly size: number;
  /** Whether up to four bytes of data stand in the tag itself, in place of a second word. */
  readonly small: boolean;
}
interface Element {
  readonly type: number;
  readonly data: Uint8Array;
}

/** Reads a tag: eight bytes, or only the first four of a small element. */
async function readTag(stream: ByteStream, littleEndian: boolean): Promise<Tag> {
  const first = new DataView((await stream.read(4)).buffer).getUint32(0, littleEndian);
  if (first >>> 16 !== 0) return { type: first & 0xffff, size: first >>> 16, small: true };
  const size = new DataView((await stream.read(4)).buffer).getUint32(0, littleEndian);
  return { type: first, size, small: false };
}

async function readElement(
  stream: ByteStream,
  { what, limit, littleEndian }: { what: string; limit: number; littleEndian: boolean },
): Promise<Element> {
  const { type, size, small } = await readTag(stream, littleEndian);
  if (size > (small ? 4 : limit)) throw badMat(stream.name, `${what} take ${size} bytes`);
  const data = await stream.read(size);
  await stream.skip(small ? 4 - size : (8 - (size % 8)) % 8);
  return { type, data };
}

function badMat(name: string, problem: string): OnebasinError {
  return new OnebasinError("bad-file", `${name} is not a MATLAB 5 file, or is damaged: ${problem}.`, {
    hint: "Fetch it again, or save it anew with save -v7 or scipy.io.savemat.",
    details: { name },
  });
}
