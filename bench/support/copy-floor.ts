import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";

const BUFFER_BYTES = 4 * 2 ** 20;

/**
 * What no merge can be faster than on one thread: reads two files of equal length and writes one, doing nothing to
 * the bytes. Seconds.
 */
export function copyFloor(inputs: readonly [string, string], output: string): number {
  const start = performance.now();
  const [a, b] = inputs.map((path) => openSync(path, "r"));
  const out = openSync(output, "wx");
  const [first, second] = [new Uint8Array(BUFFER_BYTES), new Uint8Array(BUFFER_BYTES)];
  for (;;) {
    const count = readSync(a, first);
    if (readSync(b, second) !== count) throw new Error("the inputs differ in length");
    if (count === 0) break;
    writeSync(out, second, 0, count);
  }
  for (const file of [a, b, out]) closeSync(file);
  const seconds = (performance.now() - start) / 1000;
  rmSync(output);
  return seconds;
}
