import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";

export interface Measured {
  /** From before the process starts to after it ended. */
  readonly seconds: number;
  /** Of all its threads, user and system. */
  readonly cpuSeconds: number;
  /** Most memory that was in use at once (resident); bytes. */
  readonly peakBytes: number;
}

/** How often the memory of the process is looked at; the peak itself is kept by the system. Milliseconds. */
const LOOK_EVERY = 20;

/**
 * Runs a program to its end.
 *
 * Time and peak are the system's own counters of the process, read until it is gone; what they grow by in its last
 * moments is missed. Linux only: elsewhere they are 0.
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
  let cpuSeconds = 0;
  const look = setInterval(() => {
    cpuSeconds = Math.max(cpuSeconds, cpuTime(child.pid));
    peakBytes = Math.max(peakBytes, highWaterMark(child.pid));
  }, LOOK_EVERY);
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  clearInterval(look);
  if (status !== 0) throw new Error(`${command} ended with status ${status}: ${said}`);
  return { seconds: (performance.now() - start) / 1000, cpuSeconds, peakBytes };
}

function highWaterMark(pid: number | undefined): number {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
  } catch {
    return 0;
  }
}

/** Ticks of the system's clock in a second, as programs see them. */
const TICKS = 100;

function cpuTime(pid: number | undefined): number {
  try {
    // Behind the name, which may hold anything: state, ten numbers, then user and system time.
    const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)?.split(" ") ?? [];
    return (Number(fields[11]) + Number(fields[12])) / TICKS;
  } catch {
    return 0;
  }
}
