import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { createTensor, type Tensor, tensorNumbers } from "../../src/tensor/tensor.js";

/** Places looked at, spread over the file, and the numbers read at each. */
const PLACES = 64;
const NUMBERS = 512;

/**
 * Bytes from many places of a file, so that two outputs can be compared without reading all of both.
 *
 * @param dataBytes of all tensors, which stand at the end of the file; the header's length differs from file to file
 */
export function sampleFile(
  path: string,
  { dataBytes, numberBytes }: { readonly dataBytes: number; readonly numberBytes: number },
): Uint8Array {
  const file = openSync(path, "r");
  const { size } = fstatSync(file);
  const length = NUMBERS * numberBytes;
  const sample = new Uint8Array(PLACES * length);
  for (let i = 0; i < PLACES; i++) {
    const start = Math.floor((i * (dataBytes - length)) / (PLACES - 1) / numberBytes) * numberBytes;
    readSync(file, sample, i * length, length, size - dataBytes + start);
  }
  closeSync(file);
  return sample;
}

/** Whether `output` is, at every place looked at, the mean of `a` and `b` rounded once. */
export function isMeanOf(
  dtype: Tensor["dtype"],
  { a, b, output }: { readonly a: Uint8Array; readonly b: Uint8Array; readonly output: Uint8Array },
): boolean {
  const numbers = (bytes: Uint8Array): Float64Array => tensorNumbers({ dtype, shape: [bytes.length], bytes });
  const [first, second] = [numbers(a), numbers(b)];
  const expected = first.map((value, i) => Math.fround(value + second[i]) / 2);
  const { bytes } = createTensor(dtype, [expected.length], expected);
  return Buffer.compare(bytes, output) === 0;
}
