import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.js";
import { closeCheckpoint, open, readTensor, save } from "../../src/node/index.js";
import { openRecipe, saveRecipe } from "../../src/node/merge-recipe.js";
import type { FloatDType } from "../../src/tensor/dtype.js";
import { createTensor, tensorNumbers } from "../../src/tensor/tensor.js";

let folder: string;
const at = (...names: string[]): string => join(folder, ...names);

const EMBEDDING = "model.embed_tokens.weight";
const HEAD = "lm_head.weight";
const NORM = "model.norm.weight";

interface SmallModel {
  readonly words: readonly string[];
  /** Behind the words, with the ids that follow. */
  readonly added?: readonly string[];
  /** Row of the embedding: this and the id, twice. */
  readonly hundreds: number;
  readonly dtype?: FloatDType;
  readonly rows?: number;
}

const MODELS: Readonly<Record<string, SmallModel>> = {
  base: { words: ["a", "b", "c"], added: ["<s>"], hundreds: 100 },
  one: { words: ["b", "a", "d"], added: ["<s>"], hundreds: 200, dtype: "bf16" },
  two: { words: ["c", "<s>", "e", "a"], added: ["<tool>"], hundreds: 300 },
  // Its table is longer than its vocabulary, and it has a word that has no row.
  three: { words: ["e", "d"], added: [], hundreds: 400, rows: 3 },
};

async function writeModel(name: string, { words, added = [], hundreds, dtype = "f32", rows }: SmallModel) {
  await mkdir(at(name), { recursive: true });
  const count = rows ?? words.length + added.length;
  const values = Array.from({ length: count }, (_, id) => [hundreds + id, hundreds + id]).flat();
  const state = new Map([
    [EMBEDDING, createTensor(dtype, [count, 2], values)],
    [NORM, createTensor(dtype, [2], [hundreds, hundreds])],
    [
      HEAD,
      createTensor(
        dtype,
        [count, 2],
        values.map((value) => -value),
      ),
    ],
  ]);
  await save(state, at(name, "model.safetensors"));
  await writeFile(at(name, "config.json"), JSON.stringify({ vocab_size: count, num_hidden_layers: 0 }));
  const vocab = Object.fromEntries(words.map((word, id) => [word, id]));
  const tokens = added.map((content, i) => ({ id: words.length + i, content, special: true }));
  const tokenizer = { version: "1.0", model: { type: "BPE", vocab, merges: [] }, added_tokens: tokens };
  await writeFile(at(name, "tokenizer.json"), JSON.stringify(tokenizer));
  await writeFile(at(name, "tokenizer_config.json"), JSON.stringify({ added_tokens_decoder: {}, of: name }));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "onebasin-tokenizer-"));
  for (const [name, model] of Object.entries(MODELS)) await writeModel(name, model);
});
afterAll(() => rm(folder, { recursive: true }));

let count = 0;
async function run(text: string, threads = 1) {
  const path = at(`recipe${count++}.yml`);
  await writeFile(path, text);
  const out = path.replace(".yml", "");
  const opened = await openRecipe(path);
  await saveRecipe(opened, out, { threads });
  const checkpoint = await open(out);
  /** The first number of each row. */
  const rowsOf = async (key: string): Promise<number[]> =>
    checkpoint.entries.has(key)
      ? [...tensorNumbers(await readTensor(checkpoint, key))].filter((_, i) => i % 2 === 0)
      : [];
  const rows = { embedding: await rowsOf(EMBEDDING), head: await rowsOf(HEAD) };
  await closeCheckpoint(checkpoint);
  const json = async (name: string) => JSON.parse(await readFile(join(out, name), "utf8"));
  return { ...rows, out, json, notes: opened.plan.notes };
}

async function failure(text: string): Promise<string> {
  await writeFile(at("wrong.yml"), text);
  return openRecipe(at("wrong.yml")).then(
    () => "accepted",
    (error: Error) => error.message.replaceAll(`${folder}/`, ""),
  );
}

const linear = (models: string[], rest: string): string =>
  `merge_method: linear\nmodels: [${models.map((name) => `{ model: ${name}, parameters: { weight: 1 } }`).join(", ")}]\ndtype: float32\n${rest}`;

describe("whose tokens count", () => {
  test("the first model's: rows of the others are put in its order", async () => {
    const { embedding, head, json, notes } = await run(linear(["base", "one"], "tokenizer_source: base\n"));
    // a: 100 and 201; b: 101 and 200; c only base has: 102 twice; <s>: 103 and 203.
    expect(embedding).toEqual([150.5, 150.5, 102, 153]);
    expect(head).toEqual([-150.5, -150.5, -102, -153]);
    expect((await json("config.json")).vocab_size).toBe(4);
    expect((await json("tokenizer.json")).model.vocab).toEqual({ a: 0, b: 1, c: 2 });
    expect(notes).toContain("The vocabulary has 4 tokens.");
    expect(notes).toContain("one lacks 1 of them: its rows for these are taken from models that have them.");
  });

  test("another model's", async () => {
    const { embedding, json } = await run(linear(["base", "two"], "tokenizer_source: model:two\n"));
    // c: 102 and 300; <s>: 103 and 301; e: only two; a: 100 and 303; <tool>: only two.
    expect(embedding).toEqual([201, 202, 302, 201.5, 304]);
    expect(await json("tokenizer_config.json")).toMatchObject({ of: "two" });
  });

  test("all of them: words behind the base's own, then those that are cut out first", async () => {
    const { embedding, json } = await run(
      linear(["base", "one", "two"], "base_model: base\ntokenizer_source: union\n"),
    );
    const mean = (...values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    const expected = [
      mean(100, 201, 303),
      // two has no b, one no c: the base's counts for them.
      mean(101, 200, 101),
      mean(102, 102, 300),
      mean(103, 203, 301),
      // Only one model has each of the rest.
      202,
      302,
      304,
    ];
    embedding.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 3);
    });
    expect(embedding).toHaveLength(7);
    const { added_tokens: tokens } = await json("tokenizer.json");
    expect(tokens.map(({ id, content, special }: Record<string, unknown>) => [id, content, special])).toEqual([
      [3, "<s>", true],
      [4, "d", false],
      [5, "e", false],
      [6, "<tool>", true],
    ]);
    expect((await json("tokenizer_config.json")).added_tokens_decoder["6"]).toEqual({
      content: "<tool>",
      lstrip: false,
      normalized: false,
      rstrip: false,
      single_word: false,
      special: true,
    });
    expect((await json("config.json")).vocab_size).toBe(7);
  });

  test("without a base, a token that two of three models have is their mean in the third", async () => {
    const { embedding } = await run(linear(["base", "two", "one"], "tokenizer_source: one\n"));
    // b: base 101, one 200, and two takes their mean.
    expect(embedding[0]).toBeCloseTo((101 + 200 + 150.5) / 3, 3);
    // a: all three.
    expect(embedding[1]).toBeCloseTo((100 + 303 + 201) / 3, 3);
  });

  test("a token without a row, beyond the table's end, is none", async () => {
    await writeModel("four", { words: ["a", "z", "b"], hundreds: 500, rows: 2 });
    const { embedding, json } = await run(linear(["base", "four"], "tokenizer_source: union\n"));
    expect(embedding).toEqual([300, 101, 102, 103, 501]);
    expect((await json("tokenizer.json")).added_tokens.map(({ content }: { content: string }) => content)).toEqual([
      "<s>",
      "z",
    ]);
  });

  test("rows of single tokens, and rows beyond the vocabulary", async () => {
    const { embedding, json } = await run(
      linear(
        ["base", "one"],
        `base_model: base
tokenizer:
  source: base
  pad_to_multiple_of: 4
  tokens:
    c: { source: { kind: zero } }
    a: { source: one, force: true }
    <new>: { source: { kind: model_token, model: one, token: d } }
    <s>:
      source: { kind: model_token, model: one, token_id: 0 }
      force: true
`,
      ),
    );
    // The base's own c stays, as nothing is forced; one's is zero.
    expect(embedding.slice(0, 5)).toEqual([201, 150.5, 51, 200, 202]);
    const means = [(201 + 101 + 102 + 200 + 202) / 5, (201 + 200 + 0 + 200 + 202) / 5];
    for (const value of embedding.slice(5)) expect(value).toBeCloseTo((means[0] + means[1]) / 2, 0);
    expect(embedding).toHaveLength(8);
    expect((await json("tokenizer.json")).added_tokens.at(-1)).toMatchObject({ id: 4, content: "<new>" });
  });

  test("a tokenizer that only has words and their ids in a list", async () => {
    await writeModel("lines", MODELS.one);
    await rm(at("lines", "tokenizer.json"));
    await writeFile(at("lines", "vocab.txt"), "b\na\nd\n");
    await writeFile(at("lines", "added_tokens.json"), JSON.stringify({ "<s>": 3 }));
    const { embedding } = await run(linear(["base", "lines"], "tokenizer_source: base\n"));
    expect(embedding).toEqual([150.5, 150.5, 102, 153]);
    const { json } = await run(linear(["lines", "base"], "tokenizer_source: union\n"));
    expect(await json("added_tokens.json")).toEqual({ "<s>": 3, c: 4 });
  });

  test("models without a tokenizer have the base's; where there is none at all, rows are merged as they stand", async () => {
    await writeModel("bare", { ...MODELS.one, words: ["x", "y", "z"] });
    await rm(at("bare", "tokenizer.json"));
    const { embedding, notes } = await run(linear(["base", "bare"], "tokenizer_source: union\n"));
    expect(embedding).toEqual([150, 151, 152, 153]);
    expect(notes).toContain("bare has no tokenizer of its own: its rows are taken for those of base.");
    const alone = await run(linear(["bare"], "tokenizer_source: base\n"));
    expect(alone.embedding).toEqual([200, 201, 202, 203]);
    expect(alone.notes.join()).toContain("bare has no tokenizer.json or vocab.json to tell what rows stand for");
  });

  test("is said with line and column when it cannot be", async () => {
    expect(
      await failure(
        linear(
          ["base", "one"],
          `tokenizer:
  source: base
  tokens:
    a: { source: who }
    b: { source: { kind: model_token, model: one } }
    c: { source: { kind: nothing } }
    d: { force: perhaps }
  pad_to_multiple_of: 0
`,
        ),
      ),
    ).toMatchInlineSnapshot(`
      "5 problems with wrong.yml:
        - wrong.yml:8:18: A model_token needs a model, and either a token or a token_id.
        - wrong.yml:9:26: kind must be one of zero, model_token.
        - wrong.yml:10:17: force must be true or false.
        - wrong.yml:11:23: pad_to_multiple_of must be at least 1.
        - wrong.yml:7:8: token "a" is to come from "who", which is no model of wrong.yml."
    `);
    expect(
      await failure(
        linear(
          ["base", "one"],
          "tokenizer:\n  source: base\n  tokens:\n    e: { source: one }\n    c: { source: one }\n",
        ),
      ),
    ).toMatchInlineSnapshot(`
      "2 problems with wrong.yml:
        - wrong.yml:8:8: the row of token "c" cannot be taken from there: one has no token "c".
        - wrong.yml:7:8: the row of token "e" cannot be taken from there: one has no token "e"."
    `);
    await writeModel("broken", MODELS.one);
    await writeFile(at("broken", "tokenizer.json"), `{"model":{"vocab":{"a":-1}}}`);
    expect(await failure(linear(["base", "broken"], "tokenizer_source: base\n"))).toMatchInlineSnapshot(
      `"broken/tokenizer.json: token "a" has the id -1."`,
    );
    await writeFile(at("broken", "tokenizer.json"), `{"model`);
    expect(await failure(linear(["base", "broken"], "tokenizer_source: base\n"))).toMatchInlineSnapshot(
      `"broken/tokenizer.json is not JSON."`,
    );
  });
});

test("tables of other widths, and tokenizers that are no JSON, are refused before anything is written", async () => {
  await mkdir(at("wide"), { recursive: true });
  await save(new Map([[EMBEDDING, createTensor("f32", [2, 3], [1, 2, 3, 4, 5, 6])]]), at("wide", "model.safetensors"));
  await writeFile(at("wide", "tokenizer.json"), JSON.stringify({ model: { vocab: { a: 0, x: 1 } } }));
  expect(
    await failure("models: [{ model: base }, { model: wide }]\nexpr: a\ntokenizer_source: base\n"),
  ).toMatchInlineSnapshot(`
    "2 problems with wrong.yml:
      - Key "model.embed_tokens.weight": base/model.safetensors has [4, 2], wide/model.safetensors has [2, 3]; rows of other models can stand in only where they are as long.
      - Key "lm_head.weight": base/model.safetensors has [4, 2], wide/model.safetensors has [2, 3]; rows of other models can stand in only where they are as long."
  `);
  await writeModel("odd", MODELS.one);
  await writeFile(at("odd", "tokenizer_config.json"), "[]");
  expect(await failure(linear(["odd", "base"], "tokenizer_source: union\n"))).toMatchInlineSnapshot(
    `"odd/tokenizer_config.json is not a JSON object."`,
  );
});

test("what is added to the output of a table is put in order too", async () => {
  const bias = "lm_head.bias";
  for (const [name, words] of Object.entries({ left: ["a", "b", "c"], right: ["c", "a", "d"] })) {
    await mkdir(at(name), { recursive: true });
    const base = name === "left" ? 10 : 20;
    const state = new Map([
      [EMBEDDING, createTensor("f32", [3, 2], [0, 0, 1, 1, 2, 2])],
      [bias, createTensor("f32", [3], [base, base + 1, base + 2])],
    ]);
    await save(state, at(name, "model.safetensors"));
    const vocab = Object.fromEntries(words.map((word, id) => [word, id]));
    await writeFile(at(name, "tokenizer.json"), JSON.stringify({ model: { vocab } }));
  }
  const { out } = await run(linear(["left", "right"], "tokenizer_source: base\n"));
  const checkpoint = await open(out);
  expect([...tensorNumbers(await readTensor(checkpoint, bias))]).toEqual([15.5, 11, 16]);
  expect([...checkpoint.entries.keys()].sort()).toEqual([bias, EMBEDDING].sort());
  await closeCheckpoint(checkpoint);
});

/** A table of several jobs whose words stand in an order drawn from the seed; and the same in the words' own order. */
async function writeShuffled(name: string, seed: number, rows: number): Promise<void> {
  const width = 512;
  const random = createRandom(seed, "shuffled");
  const order = Array.from({ length: rows }, (_, i) => i);
  if (seed > 0) random.shuffle(order);
  const sorted = Float32Array.from({ length: rows * width }, () => random.normal());
  const shuffled = new Float32Array(sorted.length);
  for (const [id, word] of order.entries()) shuffled.set(sorted.subarray(word * width, (word + 1) * width), id * width);
  for (const [folderName, table] of Object.entries({ [name]: shuffled, [`${name}-sorted`]: sorted })) {
    await mkdir(at(folderName), { recursive: true });
    const tensor = { dtype: "f32" as const, shape: [rows, width], bytes: new Uint8Array(table.buffer) };
    await save(new Map([[EMBEDDING, tensor]]), at(folderName, "model.safetensors"));
  }
  const vocab = Object.fromEntries(order.map((word, id) => [`w${word}`, id]));
  await writeFile(at(name, "tokenizer.json"), JSON.stringify({ model: { vocab } }));
}

test("rows in another order give the bytes of a model stored in that order, for any number of threads", async () => {
  for (const [seed, name] of ["words", "mixed", "other"].entries()) await writeShuffled(name, seed, 5000);
  const recipe = (suffix: string): string =>
    `merge_method: ties\nbase_model: words\nmodels:\n${["mixed", "other"].map((name) => `  - { model: ${name}${suffix}, parameters: { density: 0.3, weight: 1 } }\n`).join("")}tokenizer_source: base\n`;
  // A file's header names its recipe's plan; what counts are the numbers behind it.
  const numbers = async ({ out }: { out: string }): Promise<Buffer> =>
    (await readFile(join(out, "model.safetensors"))).subarray(-5000 * 512 * 4);
  const expected = await numbers(await run(recipe("-sorted"), 2));
  for (const threads of [1, 3]) expect((await numbers(await run(recipe(""), threads))).equals(expected)).toBe(true);
});
