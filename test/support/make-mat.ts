import { deflateSync } from "node:zlib";

/** A variable of a MATLAB 5 file; `values` lie column by column. */
export interface MatVariable {
  readonly name: string;
  readonly sizes: readonly number[];
  readonly values: Uint8Array | Float64Array;
}

/** The bytes of a little-endian MATLAB 5 file, each variable packed as `save -v7` does unless told. */
export function makeMat(variables: readonly MatVariable[], { packed = true } = {}): Uint8Array {
  const header = new Uint8Array(128);
  header.set(new TextEncoder().encode("MATLAB 5.0 MAT-file"));
  header.set([0, 1, 0x49, 0x4d], 124);
  return concat([
    header,
    ...variables.map((variable) => {
      const matrix = element(14, matrixBody(variable));
      if (!packed) return matrix;
      const body = deflateSync(matrix);
      return concat([words(15, body.length), body]);
    }),
  ]);
}

function matrixBody({ name, sizes, values }: MatVariable): Uint8Array {
  const bytes = values instanceof Uint8Array;
  return concat([
    element(6, words(bytes ? 9 : 6, 0)),
    element(5, words(...sizes)),
    // MATLAB writes names of up to four letters into the tag itself.
    name.length <= 4
      ? concat([words(1 | (name.length << 16)), padded(new TextEncoder().encode(name), 4)])
      : element(1, new TextEncoder().encode(name)),
    element(bytes ? 2 : 9, new Uint8Array(values.buffer, values.byteOffset, values.byteLength)),
  ]);
}

const element = (type: number, body: Uint8Array): Uint8Array =>
  concat([words(type, body.length), padded(body, Math.ceil(body.length / 8) * 8)]);

const words = (...values: number[]): Uint8Array => new Uint8Array(Uint32Array.from(values).buffer);

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const out = new Uint8Array(length);
  out.set(bytes);
  return out;
}

const concat = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
