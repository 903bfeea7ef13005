import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { holds } from "../../src/merge/recipe-file/recipe-parameters.js";
import { merge, save, toStateDict } from "../../src/node/index.js";
import { openRecipe } from "../../src/node/merge-recipe.js";
import { createTensor, type StateDict, type Tensor, tensorNumbers } from "../../src/tensor/tensor.js";
import { runCli } from "../support/run-cli.js";

/** Inputs on which mergekit 0.1.4 stops or gives nonsense; docs/recipes.md has the table. */
let folder: string;
const at = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "onebasin-failures-"));
  for (const [name, shift] of [
    ["base", 0],
    ["one", 1],
    ["two", 3],
  ] as const)
    await save(odd(shift), at(`${name}.safetensors`));
});
afterAll(() => rm(folder, { recursive: true }));

/** A counter, a scalar, a lone element, and a weight. */
function odd(shift: number): StateDict {
  return new Map<string, Tensor>([
    ["bn.weight", createTensor("f32", [2], [1 + shift, 2])],
    ["bn.running_mean", createTensor("f32", [2], [shift, 2])],
    ["bn.running_var", createTensor("f32", [2], [1 + shift, 2])],
    ["bn.num_batches_tracked", createTensor("i64", [], [5 * (1 + shift)])],
    ["scale", createTensor("f32", [], [1 + shift])],
    ["bias", createTensor("f32", [1], [2 + shift])],
    [
      "fc.weight",
      createTensor(
        "f32",
        [2, 3],
        [1, 2, 3, 4, 5, 6].map((x) => x + shift * (x % 2)),
      ),
    ],
  ]);
}

const METHODS = [
  "linear",
  "slerp",
  "nuslerp",
  "karcher",
  "multislerp",
  "task_arithmetic",
  "ties",
  "dare_linear",
  "dare_ties",
];
const ON_BASE = ["breadcrumbs", "breadcrumbs_ties", "della", "della_linear", "sce", "model_stock", "ram", "ramplus_tl"];

describe.each([...METHODS, ...ON_BASE, "nearswap", "arcee_fusion"])("%s", (method) => {
  test("copies counters, and merges scalars and lone elements", async () => {
    const needsBase =
      ON_BASE.includes(method) || ["task_arithmetic", "ties", "dare_linear", "dare_ties"].includes(method);
    const density = ["ties", "dare_linear", "dare_ties", ...ON_BASE.slice(0, 4)].includes(method)
      ? { density: 0.5 }
      : {};
    const plan = await merge([at("one.safetensors"), at("two.safetensors")], {
      method,
      params: density,
      base: needsBase ? at("base.safetensors") : undefined,
    });
    const state = await toStateDict(plan);
    const numbers = (key: string): number[] => [...tensorNumbers(state.get(key) as Tensor)];
    expect(numbers("bn.num_batches_tracked")).toEqual([10]);
    expect(state.get("scale")?.shape).toEqual([]);
    for (const key of state.keys()) expect(numbers(key).every(Number.isFinite), key).toBe(true);
  });
});

const recipe = async (name: string, text: string): Promise<string> => {
  await writeFile(at(name), text);
  return at(name);
};

test("a model without parameters, an unset parameter and a weight of 0 are allowed", async () => {
  const path = await recipe(
    "sparse.yml",
    `merge_method: ties
base_model: base.safetensors
models:
  - model: one.safetensors
  - model: two.safetensors
    parameters: { weight: 0.0, density: }
`,
  );
  const { plan } = await openRecipe(path);
  expect(plan.tensors.find(({ key }) => key === "fc.weight")?.how).toContain("weights=1,0");
});

test("a checkpoint nested in a training checkpoint is found", async () => {
  const { pathname } = new URL("../fixtures/checkpoints/training.pth", import.meta.url);
  const plan = await merge([pathname, pathname], { method: "linear" });
  expect(plan.tensors.length).toBeGreaterThan(0);
});

test("the same seed gives the same DARE weights in another process", async () => {
  const path = await recipe(
    "dare.yml",
    `merge_method: dare_linear
base_model: base.safetensors
models: [{ model: one.safetensors, parameters: { density: 0.5 } }]
seed: 4
`,
  );
  for (const out of ["first", "second"]) {
    expect(await runCli(["merge", path, "-o", out, "--quiet"], { cwd: folder })).toMatchObject({ status: 0 });
  }
  const [first, second] = await Promise.all(
    ["first", "second"].map((out) => toStateDict(at(`${out}/model.safetensors`))),
  );
  expect(first).toEqual(second);
});

test("a filter that ends in a number does not match longer numbers", () => {
  expect(holds("model.layers.1.mlp.weight", "layers.1")).toBe(true);
  expect(holds("model.layers.10.mlp.weight", "layers.1")).toBe(false);
  expect(holds("layer10.conv1.weight", "layer1")).toBe(false);
  expect(holds("layer10.layer1.weight", "layer1")).toBe(true);
  expect(holds("model.layers.21.weight", "1.weight")).toBe(false);
  expect(holds("model.layers.3.self_attn.q_proj", "self_attn")).toBe(true);
});

test("what is wrong with a recipe is said before any model is opened", async () => {
  const path = await recipe("wrong.yml", "merge_method: linear\nmodels:\n  - model: not/there\n    weight: 1\n");
  await expect(openRecipe(path)).rejects.toThrow('wrong.yml:4:5: An entry of models has no "weight".');
});
