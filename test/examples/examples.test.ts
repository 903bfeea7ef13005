import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "onebasin-examples-"));
afterAll(() => rm(folder, { recursive: true }));

const run = async (name: string, ...args: string[]): Promise<string> => {
  const { stdout, stderr } = await promisify(execFile)(
    join(root, "node_modules/.bin/tsx"),
    ["--tsconfig", join(root, "tsconfig.json"), join(root, "examples", name), ...args],
    { cwd: folder },
  );
  expect(stderr).toBe("");
  return stdout;
};

test("merge-two.ts tells which networks can be averaged", async () => {
  expect(await run("merge-two.ts", "out")).toMatchSnapshot();
});

test("one-network-of-two.ts trains, merges and evaluates", async () => {
  const said = await run("one-network-of-two.ts", "256");
  // Training differs in the last places from processor to processor.
  expect(said.replace(/ *\d+(\.\d)? %/g, " # %")).toMatchSnapshot();
});
