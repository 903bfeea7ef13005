import { gzipSync } from "node:zlib";

/** The bytes of an idx file of unsigned bytes. */
export function makeIdx(sizes: readonly number[], values: ArrayLike<number>): Uint8Array<ArrayBuffer> {
  const header = new DataView(new ArrayBuffer(4 + 4 * sizes.length));
  header.setUint32(0, 0x0800 + sizes.length);
  sizes.forEach((size, axis) => {
    header.setUint32(4 + 4 * axis, size);
  });
  return Uint8Array.from([...new Uint8Array(header.buffer), ...Array.from(values)]);
}

export const makeIdxGz = (sizes: readonly number[], values: ArrayLike<number>): Uint8Array =>
  gzipSync(makeIdx(sizes, values));
