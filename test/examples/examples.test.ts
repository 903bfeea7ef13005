import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";

const root = fileURLToPath(new URL("../..", import.meta.url));
const folder = await mkdtemp(join(tmpdir(), "onebasin-examples-"));
afterAll(() => rm(folder, { recursive: true }));

const examples = (await readdir(join(root, "examples"))).filter((name) => name.endsWith(".ts"));

test.each(examples)("%s runs and says what it did", async (name) => {
  const { stdout, stderr } = await promisify(execFile)(
    join(root, "node_modules/.bin/tsx"),
    ["--tsconfig", join(root, "tsconfig.json"), join(root, "examples", name), "out"],
    { cwd: folder },
  );
  expect(stderr).toBe("");
  expect(stdout).toMatchSnapshot();
});
