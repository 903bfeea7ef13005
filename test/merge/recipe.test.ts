import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.js";
import { closeCheckpoint, open, readTensor, save } from "../../src/node/index.js";
import { openRecipe, saveRecipe } from "../../src/node/merge-recipe.js";
import { createTensor, type StateDict, type Tensor, tensorNumbers } from "../../src/tensor/tensor.js";

const LAYERS = 4;
let folder: string;
const at = (...names: string[]): string => join(folder, ...names);

/** A language model in small: embedding, layers, norm, head, as transformers names them. */
function languageModel(name: string, { rows = 12, layers = LAYERS } = {}): StateDict {
  const tensor = (key: string, shape: number[]): [string, Tensor] => {
    const random = createRandom(1, name, key);
    const count = shape.reduce((product, size) => product * size, 1);
    return [
      key,
      createTensor(
        "f32",
        shape,
        Array.from({ length: count }, () => random.normal()),
      ),
    ];
  };
  return new Map([
    tensor("lm_head.weight", [rows, 8]),
    tensor("model.embed_tokens.weight", [rows, 8]),
    ...Array.from({ length: layers }, (_, i) => [
      tensor(`model.layers.${i}.self_attn.q_proj.weight`, [8, 8]),
      tensor(`model.layers.${i}.mlp.up_proj.weight`, [16, 8]),
      tensor(`model.layers.${i}.input_layernorm.weight`, [8]),
    ]).flat(),
    tensor("model.norm.weight", [8]),
  ]);
}

async function writeModel(name: string, options = {}): Promise<void> {
  await mkdir(at(name), { recursive: true });
  await save(languageModel(name, options), at(name, "model.safetensors"));
  const config = {
    architectures: ["LlamaForCausalLM"],
    num_hidden_layers: LAYERS,
    torch_dtype: "float32",
    vocab_size: 12,
  };
  await writeFile(at(name, "config.json"), JSON.stringify(config));
  await writeFile(at(name, "tokenizer.json"), JSON.stringify({ of: name }));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "onebasin-recipe-"));
  for (const name of ["base", "one", "two", "three"]) await writeModel(name);
  await writeModel("wide", { rows: 16 });
});
afterAll(() => rm(folder, { recursive: true }));

let count = 0;
async function run(text: string, options: { seed?: number; shardSize?: number } = {}) {
  const recipe = at(`recipe${count++}.yml`);
  await writeFile(recipe, text);
  const out = recipe.replace(".yml", "");
  const opened = await openRecipe(recipe, options);
  await saveRecipe(opened, out, { threads: 1, shardSize: options.shardSize });
  const checkpoint = await open(out);
  const numbers = new Map<string, number[]>();
  for (const key of checkpoint.entries.keys()) numbers.set(key, [...tensorNumbers(await readTensor(checkpoint, key))]);
  await closeCheckpoint(checkpoint);
  return { out, numbers, checkpoint, notes: opened.plan.notes, plan: opened.plan };
}

async function failure(text: string): Promise<string> {
  const path = at("wrong.yml");
  await writeFile(path, text);
  try {
    await openRecipe(path);
  } catch (error) {
    return (error as Error).message.replaceAll(folder, "");
  }
  throw new Error("the recipe was accepted");
}

const valuesOf = (name: string, key: string): number[] => [...tensorNumbers(languageModel(name).get(key) as Tensor)];
const mix = (key: string, weights: Readonly<Record<string, number>>): number[] =>
  Object.entries(weights)
    .map(([name, weight]) => valuesOf(name, key).map((x) => x * weight))
    .reduce((sum, next) => sum.map((x, i) => x + next[i]));
function expectClose(found: readonly number[] | undefined, expected: readonly number[]): void {
  expect(found?.length).toBe(expected.length);
  found?.forEach((value, i) => {
    expect(Math.abs(value - expected[i])).toBeLessThan(1e-5);
  });
}

describe("recipes in mergekit's words", () => {
  test("linear", async () => {
    const { numbers, out } = await run(`
models:
  - model: one
    parameters:
      weight: 1.0
  - model: two
    parameters:
      weight: 0.3
merge_method: linear
dtype: float16
`);
    const key = "model.layers.2.mlp.up_proj.weight";
    const expected = mix(key, { one: 1 / 1.3, two: 0.3 / 1.3 });
    numbers.get(key)?.forEach((value, i) => {
      expect(Math.abs(value - expected[i])).toBeLessThan(2e-3);
    });
    const config = JSON.parse(await readFile(join(out, "config.json"), "utf8"));
    expect(config).toMatchObject({ num_hidden_layers: LAYERS, torch_dtype: "float16" });
    expect((await readdir(out)).sort()).toEqual([
      "README.md",
      "config.json",
      "mergekit_config.yml",
      "model.safetensors",
      "tokenizer.json",
    ]);
  });

  test("slerp with gradients and filters", async () => {
    const { numbers } = await run(`
slices:
  - sources:
      - model: one
        layer_range: [0, 4]
      - model: two
        layer_range: [0, 4]
merge_method: slerp
base_model: one
parameters:
  t:
    - filter: self_attn
      value: [0, 0.5, 0.3, 0.7, 1]
    - filter: mlp
      value: [1, 0.5, 0.7, 0.3, 0]
    - value: 0
dtype: float32
`);
    // Layers 0 and 3 stand at the ends of the gradients.
    expectClose(
      numbers.get("model.layers.0.self_attn.q_proj.weight"),
      valuesOf("one", "model.layers.0.self_attn.q_proj.weight"),
    );
    expectClose(numbers.get("model.layers.0.mlp.up_proj.weight"), valuesOf("two", "model.layers.0.mlp.up_proj.weight"));
    expectClose(
      numbers.get("model.layers.3.self_attn.q_proj.weight"),
      valuesOf("two", "model.layers.3.self_attn.q_proj.weight"),
    );
    expectClose(numbers.get("model.norm.weight"), valuesOf("one", "model.norm.weight"));
  });

  test("ties, the base listed without parameters", async () => {
    const { numbers } = await run(`
models:
  - model: base
    # no parameters necessary for base model
  - model: one
    parameters:
      density: 0.5
      weight: 0.5
  - model: two
    parameters:
      density: [1, 0.7, 0.1] # density gradient
      weight:
        - filter: mlp
          value: 0.5
        - value: 0
merge_method: ties
base_model: base
parameters:
  normalize: true
  int8_mask: true
dtype: float32
`);
    expect(numbers.size).toBe(15);
  });

  test("dare_ties, and an unused setting of other methods is said", async () => {
    const text = `
models:
  - model: base
  - model: one
    parameters: { weight: 0.4, density: 0.5, gamma: 0.1 }
  - model: two
    parameters: { weight: 0.6, density: 0.5 }
merge_method: dare_ties
base_model: base
`;
    const first = await run(text, { seed: 1 });
    expect((await run(text, { seed: 1 })).numbers).toEqual(first.numbers);
    expect((await run(text, { seed: 2 })).numbers).not.toEqual(first.numbers);
    expect(first.notes.join()).toContain('makes no use of "gamma"');
  });

  test("passthrough stacks layers, renumbers them and corrects the configuration", async () => {
    const { numbers, out, checkpoint } = await run(
      `
slices:
  - sources:
      - model: one
        layer_range: [0, 3]
  - sources:
      - model: two
        layer_range: [1, 4]
merge_method: passthrough
dtype: float32
`,
      { shardSize: 2000 },
    );
    const config = JSON.parse(await readFile(join(out, "config.json"), "utf8"));
    expect(config.num_hidden_layers).toBe(6);
    expect(numbers.get("model.layers.2.mlp.up_proj.weight")).toEqual(
      valuesOf("one", "model.layers.2.mlp.up_proj.weight"),
    );
    expect(numbers.get("model.layers.3.mlp.up_proj.weight")).toEqual(
      valuesOf("two", "model.layers.1.mlp.up_proj.weight"),
    );
    expect(numbers.get("model.layers.5.input_layernorm.weight")).toEqual(
      valuesOf("two", "model.layers.3.input_layernorm.weight"),
    );
    expect(numbers.get("model.embed_tokens.weight")).toEqual(valuesOf("one", "model.embed_tokens.weight"));
    expect(numbers.get("lm_head.weight")).toEqual(valuesOf("two", "lm_head.weight"));
    expect(checkpoint.sources.length).toBeGreaterThan(1);
    expect(await readdir(out)).toContain("model.safetensors.index.json");
  });

  test("model stock, with the tokenizer of another model", async () => {
    const { numbers, out } = await run(`
merge_method: model_stock
base_model: base
models:
  - model: one
  - model: two
  - model: three
parameters:
  filter_wise: true
tokenizer_source: two
`);
    expect(numbers.size).toBe(15);
    expect(JSON.parse(await readFile(join(out, "tokenizer.json"), "utf8"))).toEqual({ of: "two" });
  });
});

test("a chat template is Jinja, or a name that stands for it", async () => {
  const template = async (text: string): Promise<string> => {
    const { out } = await run(`merge_method: passthrough\nmodels: [{ model: one }]\nchat_template: ${text}\n`);
    return readFile(join(out, "chat_template.jinja"), "utf8").catch(() => "none");
  };
  expect(await template("'{{ messages }}'")).toBe("{{ messages }}");
  expect(await template("chatml")).toContain("<|im_start|>");
  expect(await template("auto")).toBe("none");
  expect(
    await failure("merge_method: linear\nmodels: [{ model: one }]\nchat_template: chatmll\ntokenizer_source: tow\n"),
  ).toMatchInlineSnapshot(`
    "2 problems with /wrong.yml:
      - /wrong.yml:3:16: chat_template "chatmll" is no template, and no name of one.
      - /wrong.yml:4:19: the tokenizer is to come from "tow", which is no model of /wrong.yml."
  `);
});

const EXAMPLES = new URL("../../examples/recipes/", import.meta.url);

test.each(["linear", "slerp", "ties", "dare-ties", "passthrough", "model-stock"])(
  "the example %s runs on small models",
  async (name) => {
    const { numbers, plan } = await run(await readFile(new URL(`${name}.yml`, EXAMPLES), "utf8"));
    expect(numbers.size).toBe(plan.tensors.length);
    expect([...numbers.values()].flat().every(Number.isFinite)).toBe(true);
  },
);

describe("onebasin's own words", () => {
  test("expr and rules", async () => {
    const { numbers } = await run(`
expr: 0.5*a + 0.5*b
models: [{ model: one }, { model: two }]
rules:
  "lm_head.*": copy b
  "model.norm.weight": expr a - b
`);
    expectClose(
      numbers.get("model.layers.0.mlp.up_proj.weight"),
      mix("model.layers.0.mlp.up_proj.weight", { one: 0.5, two: 0.5 }),
    );
    expect(numbers.get("lm_head.weight")).toEqual(valuesOf("two", "lm_head.weight"));
    expectClose(numbers.get("model.norm.weight"), mix("model.norm.weight", { one: 1, two: -1 }));
  });

  test("vocabularies of unequal size are cut to the shortest, and that is said", async () => {
    const { checkpoint, notes, out } = await run(`
merge_method: linear
models: [{ model: wide, parameters: { weight: 1 } }, { model: one, parameters: { weight: 1 } }]
`);
    expect(checkpoint.entries.get("lm_head.weight")?.shape).toEqual([12, 8]);
    expect(notes.join()).toContain("first 12 were merged");
    expect(JSON.parse(await readFile(join(out, "config.json"), "utf8")).vocab_size).toBe(12);
  });
});

test("every problem is reported at once, with its line and column", async () => {
  expect(
    await failure(`merge_method: slerp
base_modle: one
models:
  - model: one
    paramters: { t: 1 }
  - name: two
parameters:
  t: [0, x]
dtype: float17
`),
  ).toMatchInlineSnapshot(`
    "6 problems with /wrong.yml:
      - /wrong.yml:2:1: The recipe has no "base_modle".
      - /wrong.yml:5:5: An entry of models has no "paramters".
      - /wrong.yml:6:5: An entry of models has no "name".
      - /wrong.yml:6:5: An entry of models needs a model.
      - /wrong.yml:8:10: "t" over the layers must be a list of numbers.
      - /wrong.yml:9:8: There is no dtype "float17"."
  `);
  expect(
    await failure(`merge_method: ties
base_model: nowhere
models:
  - model: one
    parameters: { density: 0.5 }
  - model: not/there/either
`),
  ).toMatchInlineSnapshot(`
    "2 problems with /wrong.yml:
      - /wrong.yml:2:13: There is no model nowhere.
      - /wrong.yml:6:12: There is no model not/there/either."
  `);
  expect(
    await failure(`merge_method: ties
base_model: base
models:
  - model: one
    parameters: { dencity: 0.5, weight: heavy }
`),
  ).toMatchInlineSnapshot(`
    "2 problems with /wrong.yml:
      - /wrong.yml:5:28: There is no parameter of method "ties" called "dencity".
      - /wrong.yml:5:41: "weight" must be a number."
  `);
  expect(await failure("merge_method: [")).toMatchInlineSnapshot(
    `"/wrong.yml:1:16: Flow sequence in block collection must be sufficiently indented and end with a ]."`,
  );
  expect(await failure("merge_method: slrep\nmodels: [{ model: one }]")).toMatchInlineSnapshot(
    `"/wrong.yml:1:15: There is no merge method "slrep"."`,
  );
  expect(await failure("merge_method: linear\nmodels: []\nslices: []")).toMatchInlineSnapshot(
    `"/wrong.yml:3:1: The recipe has models and slices."`,
  );
  expect(
    await failure(`merge_method: passthrough
slices:
  - sources: [{ model: one, layer_range: [2, 9] }]
`),
  ).toMatchInlineSnapshot(`"/wrong.yml:3:5: layer_range [2, 9] asks for more layers than one has (4)."`);
  expect(
    await failure(`merge_method: ties
base_model: base
models: [{ model: one, parameters: { density: 1.5 } }]
`),
  ).toMatchInlineSnapshot(
    `"/wrong.yml:1:15: Parameter "density" of method "ties" is 1.5; expected number in [0, 1]; default 1."`,
  );
});
