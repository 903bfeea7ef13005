import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = join(dirname(fileURLToPath(import.meta.url)), "../../dist/cli/main.js");

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line; `interruptAfter` sends SIGINT after so many milliseconds. */
export function runCli(
  args: readonly string[],
  options: { readonly cwd?: string; readonly interruptAfter?: number; readonly command?: readonly string[] } = {},
): Promise<CliResult> {
  const [program, ...before] = [...(options.command ?? []), process.execPath];
  return new Promise((resolve, reject) => {
    const child = spawn(program, [...before, MAIN, ...args], { cwd: options.cwd, stdio: ["ignore", "pipe", "pipe"] });
    const output = { stdout: "", stderr: "" };
    for (const stream of ["stdout", "stderr"] as const) {
      child[stream].setEncoding("utf8").on("data", (text: string) => {
        output[stream] += text;
      });
    }
    const timer =
      options.interruptAfter === undefined ? undefined : setTimeout(() => child.kill("SIGINT"), options.interruptAfter);
    child.on("error", reject);
    child.on("close", (status) => {
      clearTimeout(timer);
      resolve({ status, ...output });
    });
  });
}
