/**
 * The CRC-32 of two pieces of data joined, from the checksums of each and the length of the second.
 *
 * Appending n zero bytes to a message is a linear map of its checksum over GF(2), applied by repeated squaring:
 * O(log n).
 *
 * @source the method of zlib's `crc32_combine`
 */
export function crc32Combine(first: number, second: number, secondBytes: number): number {
  if (secondBytes === 0) return first;
  let result = first;
  // Row i of the operator is what bit i of a checksum becomes after one zero bit.
  let operator: Uint32Array = Uint32Array.from({ length: 32 }, (_, bit) => (bit === 0 ? 0xedb88320 : 2 ** (bit - 1)));
  for (let doubling = 0; doubling < 3; doubling++) operator = square(operator);
  for (let bytes = secondBytes; bytes > 0; bytes = Math.floor(bytes / 2)) {
    if (bytes % 2 === 1) result = times(operator, result);
    operator = square(operator);
  }
  return (result ^ second) >>> 0;
}

function times(operator: Uint32Array, vector: number): number {
  let product = 0;
  for (let bit = 0, rest = vector; rest !== 0; bit++, rest >>>= 1) {
    if (rest & 1) product ^= operator[bit];
  }
  return product >>> 0;
}

function square(operator: Uint32Array): Uint32Array {
  return operator.map((row) => times(operator, row));
}
