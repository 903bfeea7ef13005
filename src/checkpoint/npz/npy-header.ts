import type { DType } from "../../tensor/dtype.js";
import type { Shape } from "../../tensor/shape.js";
import { badFile, quoted, unsupported } from "../file-errors.js";

/** What the header of a `.npy` file says, and how long it is. */
export interface NpyHeader {
  /** `undefined` for arrays that are not numbers: text, Python objects, records. */
  readonly dtype: DType | undefined;
  readonly shape: Shape;
  /** Whether the first axis is the one that lies together, instead of the last. */
  readonly fortranOrder: boolean;
  /** Bytes before the numbers. */
  readonly bytes: number;
}

const MAGIC = "\x93NUMPY";
/** Enough for the magic, the version and the length of the rest. */
export const NPY_PREFIX_BYTES = 12;
/** NumPy itself reads no header above 10,000 characters. */
const MAX_HEADER_BYTES = 10_012;

/** NumPy's codes of dtypes, without the byte order. */
export const NPY_DTYPES: Readonly<Record<string, DType>> = {
  f8: "f64",
  f4: "f32",
  f2: "f16",
  i8: "i64",
  i4: "i32",
  i2: "i16",
  i1: "i8",
  u8: "u64",
  u4: "u32",
  u2: "u16",
  u1: "u8",
  b1: "bool",
  c8: "c64",
  c16: "c128",
};

/**
 * Length of the whole header, from its first `NPY_PREFIX_BYTES` bytes.
 *
 * @throws `bad-file`
 */
export function npyHeaderBytes(prefix: Uint8Array, name: string): number {
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  const isNpy = prefix.length === NPY_PREFIX_BYTES && [...MAGIC].every((c, i) => c.charCodeAt(0) === prefix[i]);
  if (!isNpy) throw badFile(name, "it is not a NumPy array");
  const major = prefix[6];
  if (major < 1 || major > 3) throw badFile(name, `its NumPy format version is ${major}; the highest is 3`);
  const bytes = major === 1 ? 10 + view.getUint16(8, true) : 12 + view.getUint32(8, true);
  if (bytes > MAX_HEADER_BYTES) throw badFile(name, `its header of ${bytes} bytes is too long to be real`);
  return bytes;
}

const FIELDS = {
  descr: /'descr': *('[^']*'|\[.*\]) *,?/s,
  fortran: /'fortran_order': *(True|False) *,?/,
  shape: /'shape': *\(([\d, ]*)\) *,?/,
};

/**
 * Parses the header, a Python dict of three fields, without evaluating it.
 *
 * @throws `bad-file`, `unsupported` for big-endian numbers
 */
export function parseNpyHeader(header: Uint8Array, name: string): NpyHeader {
  const start = header[6] === 1 ? 10 : 12;
  let text = new TextDecoder("latin1").decode(header.subarray(start)).trim();
  const take = (pattern: RegExp): string => {
    const match = pattern.exec(text);
    if (match === null) throw badFile(name, `its header is malformed: ${quoted(text)}`);
    text = text.replace(match[0], "");
    return match[1];
  };
  const descr = take(FIELDS.descr);
  const fortranOrder = take(FIELDS.fortran) === "True";
  const shape = parseShape(take(FIELDS.shape), name);
  if (!/^\{ *\}$/.test(text)) throw badFile(name, `its header has more than three fields: ${quoted(text)}`);
  return { dtype: parseDescr(descr, name), shape, fortranOrder, bytes: header.length };
}

function parseShape(text: string, name: string): number[] {
  const sizes = text.split(",").map((size) => size.trim());
  if (sizes.at(-1) === "") sizes.pop();
  if (sizes.some((size) => !/^\d{1,16}$/.test(size))) throw badFile(name, `its shape (${text}) is malformed`);
  return sizes.map(Number);
}

function parseDescr(descr: string, name: string): DType | undefined {
  const match = /^'([<>=|])([a-zA-Z]\d+)'$/.exec(descr);
  if (match === null || !Object.hasOwn(NPY_DTYPES, match[2])) return undefined;
  if (match[1] === ">" && !match[2].endsWith("1")) {
    throw unsupported(name, "its numbers are in big-endian order", "Save array.astype(array.dtype.newbyteorder('<')).");
  }
  return NPY_DTYPES[match[2]];
}
