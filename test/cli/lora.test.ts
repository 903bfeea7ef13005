import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.js";
import { save, toStateDict } from "../../src/node/index.js";
import { createTensor, type StateDict, tensorNumbers } from "../../src/tensor/tensor.js";
import { runCli } from "../support/run-cli.js";

let folder: string;
const at = (name: string): string => join(folder, name);
const run = (...args: string[]) => runCli(["lora", ...args], { cwd: folder });

const SHAPES = { "one.weight": [20, 30], "one.bias": [20], "two.weight": [24, 20] };

/** The base, and models whose weights differ from it by changes of rank 2 and whose bias by 0.1. */
function model(name?: string): StateDict {
  const normals = (seed: string, count: number): number[] => {
    const random = createRandom(1, seed);
    return Array.from({ length: count }, () => random.normal());
  };
  return new Map(
    Object.entries(SHAPES).map(([key, shape]) => {
      const [rows, columns = 1] = shape;
      const values = normals(key, rows * columns);
      if (name === undefined) return [key, createTensor("f32", shape, values)];
      const [left, right] = [normals(`${name} left ${key}`, 2 * rows), normals(`${name} right ${key}`, 2 * columns)];
      const changed = values.map((value, at) => {
        if (columns === 1) return value + 0.1;
        const [i, j] = [Math.floor(at / columns), at % columns];
        return value + left[i] * right[j] + 0.5 * left[rows + i] * right[columns + j];
      });
      return [key, createTensor("f32", shape, changed)];
    }),
  );
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "onebasin-lora-"));
  await save(model(), at("base.pth"));
  await save(model("a"), at("a.pth"));
  await save(model("b"), at("b.safetensors"));
  for (const [model, out] of [
    ["a.pth", "ad-a"],
    ["b.safetensors", "ad-b"],
  ]) {
    expect(await run("extract", "base.pth", model, "-o", out, "--rank", "2", "--quiet")).toMatchObject({ status: 0 });
  }
});
afterAll(() => rm(folder, { recursive: true }));

test("extract says what share of the change the adapter holds, and what it leaves out", async () => {
  const { status, stdout } = await run("extract", "base.pth", "a.pth", "-o", "low", "--rank", "1", "--json");
  expect(status).toBe(0);
  const said = JSON.parse(stdout);
  expect(said.share).toBeGreaterThan(0.6);
  expect(said.share).toBeLessThan(0.99);
  expect(said.modules.map((one: { module: string }) => one.module)).toEqual(["one", "two"]);
  expect(said.leftOut).toEqual([{ key: "one.bias", why: "is no matrix of a layer", change: expect.closeTo(0.2, 5) }]);
  expect((await readdir(at("low"))).sort()).toEqual(["adapter_config.json", "adapter_model.safetensors"]);
  expect(JSON.parse(await readFile(at("low/adapter_config.json"), "utf8"))).toMatchObject({
    peft_type: "LORA",
    r: 1,
    lora_alpha: 1,
    target_modules: ["one", "two"],
    base_model_name_or_path: "base.pth",
  });
  const { stdout: table } = await run("extract", "base.pth", "a.pth", "-o", "low", "--rank", "1");
  expect(table).toMatch(/^low: 2 modules, .* in 2 files\nThe adapter holds \d+\.\d % of the change/);
  expect(table).toContain("Changed, but not in the adapter (1):\none.bias");
});

test("adapters merged by cat and applied are the base with both changes", async () => {
  expect(await run("merge", "ad-a", "ad-b", "-o", "both", "--method", "cat", "--weights", "0.5,-1")).toMatchObject({
    status: 0,
    stdout: expect.stringContaining("both: 2 modules"),
  });
  expect(await run("apply", "base.pth", "both", "-o", "applied.safetensors")).toMatchObject({ status: 0 });
  expect(await run("apply", "base.pth", "ad-a", "ad-b", "--weights", "0.5,-1", "-o", "twice.npz")).toMatchObject({
    status: 0,
  });
  const [base, a, b] = [model(), model("a"), model("b")];
  for (const file of ["applied.safetensors", "twice.npz"]) {
    const found = await toStateDict(at(file));
    for (const key of ["one.weight", "two.weight"]) {
      const [x, y, z, got] = [base, a, b, found].map((state) => [
        ...tensorNumbers(state.get(key) as ReturnType<typeof createTensor>),
      ]);
      for (const [i, value] of x.entries()) {
        expect(got[i]).toBeCloseTo(value + 0.5 * (y[i] - value) - (z[i] - value), 4);
      }
    }
  }
});

test("the same seed gives the same bytes of a random merge, another seed others", async () => {
  const bytes: Buffer[] = [];
  for (const [out, seed] of [
    ["r1", "1"],
    ["r2", "1"],
    ["r3", "2"],
  ]) {
    const random = ["--method", "dare_ties_svd", "--density", "0.5", "--seed", seed];
    expect(await run("merge", "ad-a", "ad-b", "-o", out, ...random, "--quiet")).toMatchObject({
      status: 0,
      stderr: "",
    });
    bytes.push(await readFile(at(`${out}/adapter_model.safetensors`)));
  }
  expect(bytes[0].equals(bytes[1])).toBe(true);
  expect(bytes[0].equals(bytes[2])).toBe(false);
});

test.each([
  [["merge", "-o", "x"], 2, "lora merge needs adapters"],
  [["mix", "ad-a"], 2, 'lora has no action "mix"'],
  [["merge", "ad-a", "ad-b"], 2, "lora merge needs -o"],
  [["merge", "ad-a", "-o", "x.safetensors"], 2, "An adapter is a folder"],
  [["extract", "base.pth", "a.pth", "-o", "x", "--density", "0.5"], 2, "lora extract makes no use of --density"],
  [["extract", "base.pth", "-o", "x"], 2, "lora extract needs two models"],
  [["merge", "ad-a", "nowhere", "base.pth", "-o", "x"], 1, "2 problems with the adapters"],
  [["merge", "ad-a", "ad-b", "-o", "x", "--method", "tie"], 1, 'There is no way to merge adapters called "tie"'],
  [["apply", "base.pth", "ad-a", "-o", "x.pth", "--weights", "1,2"], 1, "The weights are 1, 2; expected one number"],
  [["apply", "ad-a/adapter_model.safetensors", "ad-b", "-o", "x.pth"], 1, "has no weight for it"],
] as const)("%j is refused", async (args, status, message) => {
  const result = await run(...args);
  expect(result.status).toBe(status);
  expect(result.stderr).toContain(message);
  expect(result.stderr).not.toMatch(/\n\s+at /);
});

test("a damaged adapter is refused", async () => {
  await writeFile(at("ad-b/adapter_config.json"), '{"peft_type": "LORA", "use_dora": true, "lora_alpha": 1}');
  expect(await run("merge", "ad-a", "ad-b", "-o", "x")).toMatchObject({
    status: 1,
    stderr: expect.stringContaining("describes a DoRA adapter"),
  });
});
