import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

export interface Measured {
  /** From before the process starts to after it ended. */
  readonly seconds: number;
  /** Most memory that was in use at once (resident); bytes. */
  readonly peakBytes: number;
}

/** How often the memory of the process is looked at; the peak itself is kept by the system. Milliseconds. */
const LOOK_EVERY = 20;

/**
 * Runs a program to its end.
 *
 * The peak is the system's own high-water mark of the process, read until the process is gone; what it grows by in
 * its last moments may be missed. Linux only: elsewhere it is 0.
 *
 * @throws when the program fails, with what it said
 */
export async function runMeasured(command: string, args: readonly string[]): Promise<Measured> {
  const start = performance.now();
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => {
    said += chunk.toString();
  });
  let peakBytes = 0;
  const look = setInterval(() => {
    peakBytes = Math.max(peakBytes, highWaterMark(child.pid));
  }, LOOK_EVERY);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  clearInterval(look);
  if (status !== 0) throw new Error(`${command} ended with status ${status}: ${said}`);
  return { seconds: (performance.now() - start) / 1000, peakBytes };
}

function highWaterMark(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}
