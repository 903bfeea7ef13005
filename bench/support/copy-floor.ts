import { closeSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import type { Measured } from "./run-measured.js";

const BUFFER_BYTES = 4 * 2 ** 20;

/**
 * What no merge can be faster than on one thread: reads files of equal length and writes one, doing nothing to the
 * bytes.
 */
export function copyFloor(inputs: readonly string[], output: string): Measured {
  const start = performance.now();
  const before = process.cpuUsage();
  const files = inputs.map((path) => openSync(path, "r"));
  const out = openSync(output, "wx");
  const buffers = files.map(() => new Uint8Array(BUFFER_BYTES));
  for (;;) {
    const counts = files.map((file, i) => readSync(file, buffers[i]));
    if (counts.some((count) => count !== counts[0])) throw new Error("the inputs differ in length");
    if (counts[0] === 0) break;
    writeSync(out, buffers[0], 0, counts[0]);
  }
  for (const file of [...files, out]) closeSync(file);
  const seconds = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  rmSync(output);
  return { seconds, cpuSeconds: (user + system) / 1e6, peakBytes: 0 };
}
