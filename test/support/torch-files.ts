import { zipSync } from "fflate";

/** Bytes of a string of one character per byte. */
export const binary = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** A PyTorch zip file around a pickle, with the given storages. */
export function torchZip(pickle: string, storages: Readonly<Record<string, Uint8Array>> = {}): Uint8Array {
  const files: Record<string, Uint8Array> = { "a/data.pkl": binary(pickle), "a/byteorder": binary("little") };
  for (const [key, bytes] of Object.entries(storages)) files[`a/data/${key}`] = bytes;
  return zipSync(files, { level: 0 });
}

const le32 = (value: number): string => String.fromCharCode(...[0, 8, 16, 24].map((shift) => (value >>> shift) & 0xff));

/** Pieces of pickles, each pushing one value. */
export const pickled = {
  text: (value: string): string => `X${le32(new TextEncoder().encode(value).length)}${latin1Of(value)}`,
  integer: (value: number): string =>
    Number.isSafeInteger(value) && value === (value | 0) ? `J${le32(value)}` : `\x8a\x08${le64(value)}`,
  sizes: (values: readonly number[]): string => `(${values.map(pickled.integer).join("")}t`,
  global: (module: string, name: string): string => `c${module}\n${name}\n`,
  dict: (items: readonly (readonly [string, string])[]): string =>
    `}(${items.map(([key, value]) => pickled.text(key) + value).join("")}u`,
  tensor: ({ key = "0", elements, offset = 0, shape, strides, type = "FloatStorage" }: PickledTensor): string => {
    const storage = `(${pickled.text("storage")}${pickled.global("torch", type)}${pickled.text(key)}${pickled.text("cpu")}`;
    const reference = `${storage}${pickled.integer(elements)}tQ`;
    const args = `(${reference}${pickled.integer(offset)}${pickled.sizes(shape)}${pickled.sizes(strides)}\x89}t`;
    return `${pickled.global("torch._utils", "_rebuild_tensor_v2")}${args}R`;
  },
};

interface PickledTensor {
  readonly key?: string;
  readonly elements: number;
  readonly offset?: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
  readonly type?: string;
}

function latin1Of(value: string): string {
  return Array.from(new TextEncoder().encode(value), (byte) => String.fromCharCode(byte)).join("");
}

function le64(value: number): string {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
}

/** A whole pickle of protocol 2. */
export const pickle = (body: string): string => `\x80\x02${body}.`;
