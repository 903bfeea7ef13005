import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.js";
import { save } from "../../src/node/index.js";
import { createTensor, type StateDict } from "../../src/tensor/tensor.js";
import { runCli } from "../support/run-cli.js";

const MAIN = join(dirname(fileURLToPath(import.meta.url)), "../../dist/cli/main.js");
let folder: string;

function stateDict(seed: number): StateDict {
  const random = createRandom(seed, "cluster");
  const keys = Array.from({ length: 24 }, (_, i) => `model.layers.${i}.weight`);
  // One row drawn, the others shifted: enough difference, quickly made.
  const row = Array.from({ length: 400 }, () => random.normal());
  return new Map(
    keys.map((key, k) => {
      const values = Array.from({ length: 400 * 300 }, (_, i) => row[(i * (k + 1)) % 400] + ((i % 97) * seed) / 97);
      return [key, createTensor("bf16", [300, 400], values)] as const;
    }),
  );
}

const RECIPE = `merge_method: dare_ties
base_model: base.safetensors
models:
  - { model: one.safetensors, parameters: { density: 0.5, weight: 0.6 } }
  - { model: two.safetensors, parameters: { density: 0.4, weight: 0.4 } }
seed: 7
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "onebasin-cluster-"));
  for (const [i, name] of ["base", "one", "two"].entries())
    await save(stateDict(i + 1), join(folder, `${name}.safetensors`));
  await saveWideModels();
  await writeFile(join(folder, "recipe.yml"), RECIPE);
});
afterAll(() => rm(folder, { recursive: true }));

const COMMAND = ["merge", "recipe.yml", "--shard-size", "1MB", "--quiet"];

/** Hash by file name; the card names its folder. */
async function contents(name: string): Promise<Record<string, string>> {
  const files = (await readdir(join(folder, name))).sort();
  const hashed = files
    .filter((file) => file !== "README.md")
    .map(async (file) => [
      file,
      createHash("sha256")
        .update(await readFile(join(folder, name, file)))
        .digest("hex"),
    ]);
  return Object.fromEntries(await Promise.all(hashed)) as Record<string, string>;
}

test("parts that run as processes of their own, in any order and one of them twice, make the bytes of a single run", async () => {
  expect(await runCli([...COMMAND, "-o", "single"], { cwd: folder })).toMatchObject({ status: 0, stderr: "" });
  const random = createRandom(3, "order");
  const order = [1, 2, 3, 4];
  random.shuffle(order);
  for (const part of [...order.slice(0, 3), order[1]]) {
    const result = await runCli([...COMMAND, "-o", "parts", "--part", `${part}/4`, "--threads", "1"], { cwd: folder });
    expect(result).toMatchObject({ status: 0, stderr: "" });
    // The index is written when the last shard is there, not before.
    expect(await readdir(join(folder, "parts"))).not.toContain("model.safetensors.index.json");
  }
  await runCli([...COMMAND, "-o", "parts", "--part", `${order[3]}/4`], { cwd: folder });
  expect(await contents("parts")).toEqual(await contents("single"));
}, 60_000);

/** One tensor of several jobs and more than one thread's worth: equal elements and random numbers are shared out. */
async function saveWideModels(): Promise<void> {
  const shape = [3000, 2000];
  const random = createRandom(9, "row");
  const row = Array.from({ length: 1500 }, () => random.normal());
  for (let model = 0; model < 3; model++) {
    const values = Float32Array.from(
      { length: 6e6 },
      (_, at) => row[(at * (model + 7)) % 1499] + model * ((at % 13) / 13),
    );
    const tensor = { dtype: "f32", shape, bytes: new Uint8Array(values.buffer) } as const;
    await save(new Map([["w", tensor]]), join(folder, `wide${model}.safetensors`));
  }
}

test.each(["ties", "dare_ties", "della", "arcee_fusion", "nuslerp"])(
  "%s gives the same bytes for any number of threads",
  async (method) => {
    const rows = method === "nuslerp" ? ["--param", "nuslerp_flatten=false"] : [];
    const base = ["arcee_fusion", "nuslerp"].includes(method)
      ? rows
      : ["--base", "wide0.safetensors", "--param", "density=0.5"];
    const outputs: Buffer[] = [];
    for (const threads of ["1", "3"]) {
      const args = [
        "merge",
        "wide1.safetensors",
        "wide2.safetensors",
        "--method",
        method,
        ...base,
        "--threads",
        threads,
      ];
      expect(await runCli([...args, "-o", "t.safetensors", "--quiet"], { cwd: folder })).toMatchObject({
        status: 0,
        stderr: "",
      });
      outputs.push(await readFile(join(folder, "t.safetensors")));
    }
    expect(outputs[1].equals(outputs[0])).toBe(true);
  },
  60_000,
);

test("a merge that is killed at twenty random moments and resumed gives the bytes of an unbroken one", async () => {
  await runCli([...COMMAND, "-o", "unbroken"], { cwd: folder });
  const random = createRandom(5, "kill");
  let killed = 0;
  for (let attempt = 0; attempt < 20; attempt++) {
    if ((await killAfter(100 + random.integer(500))) === "SIGKILL") killed++;
  }
  expect(killed).toBeGreaterThan(0);
  expect(await runCli([...COMMAND, "-o", "broken", "--resume"], { cwd: folder })).toMatchObject({
    status: 0,
    stderr: "",
  });
  expect(await contents("broken")).toEqual(await contents("unbroken"));
}, 120_000);

test("finished tensors whose bytes were changed meanwhile are made again", async () => {
  await runCli([...COMMAND, "-o", "whole"], { cwd: folder });
  for (let i = 0; i < 40; i++) {
    await rm(join(folder, "broken"), { recursive: true, force: true });
    if ((await killAfter(150 + i * 25)) === undefined) continue;
    const files = await readdir(join(folder, "broken")).catch(() => []);
    const journal = files.find((file) => file.endsWith(".journal"));
    if (journal === undefined) continue;
    if ((await readFile(join(folder, "broken", journal), "utf8")).split("\n").length < 3) continue;
    const shard = files.find((file) => file.includes("00001-of")) as string;
    const bytes = await readFile(join(folder, "broken", shard));
    bytes.fill(0, bytes.length - 1000);
    await writeFile(join(folder, "broken", shard), bytes);
    break;
  }
  await runCli([...COMMAND, "-o", "broken", "--resume"], { cwd: folder });
  expect(await contents("broken")).toEqual(await contents("whole"));
}, 120_000);

/** Starts a resumable merge and kills it; gives the signal, or nothing when it was done before. */
function killAfter(milliseconds: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [MAIN, ...COMMAND, "-o", "broken", "--resume"], {
      cwd: folder,
      stdio: "ignore",
    });
    const timer = setTimeout(() => child.kill("SIGKILL"), milliseconds);
    child.on("close", (_, signal) => {
      clearTimeout(timer);
      resolve(signal ?? undefined);
    });
  });
}
