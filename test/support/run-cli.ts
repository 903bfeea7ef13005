import { spawn } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const MAIN = join(dirname(fileURLToPath(import.meta.url)), "../../dist/cli/main.js");

export interface CliResult {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How often it is looked whether to interrupt; milliseconds. */
const POLL = 10;

/** Runs the built command line; sends SIGINT after `interruptAfter` milliseconds, or as soon as `interruptWhen` says so. */
export function runCli(
  args: readonly string[],
  options: {
    readonly cwd?: string;
    readonly interruptAfter?: number;
    readonly interruptWhen?: () => boolean;
    readonly command?: readonly string[];
    /** Closes the reading end of standard output at once, as `| head` does when it has seen enough. */
    readonly unread?: boolean;
  } = {},
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
    if (options.unread) child.stdout.destroy();
    const started = performance.now();
    const { interruptAfter = Number.POSITIVE_INFINITY, interruptWhen = () => false } = options;
    const timer = setInterval(() => {
      if (performance.now() - started < interruptAfter && !interruptWhen()) return;
      clearInterval(timer);
      child.kill("SIGINT");
    }, POLL);
    child.on("error", reject);
    child.on("close", (status) => {
      clearInterval(timer);
      resolve({ status, ...output });
    });
  });
}
