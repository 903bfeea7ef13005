import { execFile } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a program of `examples/` in a folder, and gives what it printed. */
export async function runExample(name: string, { cwd }: { readonly cwd: string }) {
  const tsx = join(root, "node_modules/.bin/tsx");
  const program = ["--tsconfig", join(root, "tsconfig.json"), join(root, "examples", name)];
  return promisify(execFile)(tsx, program, { cwd });
}
