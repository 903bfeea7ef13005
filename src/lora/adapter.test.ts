import { describe, expect, test } from "vitest";
import { stateDictCheckpoint } from "../checkpoint/state-dict-checkpoint.js";
import type { DType } from "../tensor/dtype.js";
import { createTensor } from "../tensor/tensor.js";
import { readAdapter } from "./adapter.js";
import { parseAdapterConfig } from "./adapter-config.js";
import { mergeAdapters } from "./merge-adapters.js";
import { parseModulePattern } from "./module-pattern.js";

const config = (more: object = {}) =>
  parseAdapterConfig(JSON.stringify({ peft_type: "LORA", r: 2, lora_alpha: 4, ...more }), "adapter_config.json");

const adapter = (shapes: Readonly<Record<string, readonly number[]>>, { name = "x", dtype = "f32" as DType } = {}) =>
  readAdapter(
    stateDictCheckpoint(
      name,
      new Map(
        Object.entries(shapes).map(([key, shape]) => [
          key,
          createTensor(dtype, shape, new Float64Array(shape.reduce((product, size) => product * size, 1))),
        ]),
      ),
    ),
    config(),
  );

describe("the configuration", () => {
  test.each([
    [{ use_dora: true }, "describes a DoRA adapter, which is more than a sum of matrices"],
    [{ peft_type: "IA3" }, "describes an adapter of kind IA3; only LoRA is read"],
    [{ init_lora_weights: "pissa_niter_16" }, "began by pissa_niter_16, which also changed its base"],
    [{ target_parameters: ["experts.down"] }, 'has "target_parameters"'],
    [{ lora_alpha: "8" }, 'has no number "lora_alpha"'],
    [{ alpha_pattern: { q: "x" } }, '"alpha_pattern" of "q" is no number'],
    [{ alpha_pattern: { "(?:q|v)+": 1 } }, "more than is understood"],
  ])("%o is refused", (more, message) => {
    expect(() => config(more)).toThrow(message);
  });

  test("is no file but a JSON object", () => {
    expect(() => parseAdapterConfig("[1]", "c.json")).toThrow("c.json is not a JSON object.");
    expect(() => parseAdapterConfig("{", "c.json")).toThrow("c.json is not JSON.");
  });

  test("scales by alpha over the rank, or its root, or a module's own alpha", () => {
    const { scaleOf } = config({ alpha_pattern: { "layers.\\d+.q": 8, "^k": 2 } });
    expect(scaleOf("model.layers.11.q", 2)).toBe(4);
    expect(scaleOf("model.layers.x.q", 2)).toBe(2);
    expect(scaleOf("k", 2)).toBe(1);
    expect(scaleOf("model.k", 2)).toBe(2);
    expect(config({ use_rslora: true }).scaleOf("q", 4)).toBe(2);
  });
});

test.each([
  ["q_proj", "model.q_proj", true],
  ["q_proj", "model.aq_proj", false],
  ["model.*q", "x.model.layers.0.q", true],
  ["^model.*q", "x.model.layers.0.q", false],
  ["layers\\.[0-9]+\\.(x)", "", "throws"],
  ["layers\\.[12]\\.q?", "layers.2.", true],
  ["layers\\.[12]\\.q?", "layers.3.q", false],
  ["q|v", "a.v", true],
  ["(q|v)", "a.q", true],
  ["a*a*a*a*a*a*a*a*b", "a".repeat(2000), false],
  ["x+y$", "xxxy", true],
])("the pattern %s and the module %s", (pattern, module, expected) => {
  if (expected === "throws") expect(() => parseModulePattern(pattern, "c")).toThrow("more than is understood");
  else expect(parseModulePattern(pattern, "c")(module)).toBe(expected);
});

describe("the weights", () => {
  test("are sorted by module, whatever an adapter's name in the keys", () => {
    const { modules, whole } = adapter({
      "base_model.model.a.q.lora_A.default.weight": [2, 5],
      "base_model.model.a.q.lora_B.default.weight": [3, 2],
      "base_model.model.wte.lora_embedding_A": [2, 9],
      "base_model.model.wte.lora_embedding_B": [4, 2],
      "base_model.model.conv.lora_A.weight": [2, 3, 1, 5],
      "base_model.model.conv.lora_B.weight": [7, 2, 1, 1],
      "base_model.model.wte.base_layer.weight": [9, 4],
      "base_model.model.head.weight": [2, 2],
    });
    expect([...modules.values()].map(({ name, kind, rank, scale }) => [name, kind, rank, scale])).toEqual([
      ["a.q", "linear", 2, 2],
      ["wte", "embedding", 2, 2],
      ["conv", "convolution", 2, 2],
    ]);
    expect([...whole.keys()]).toEqual(["wte.weight", "head.weight"]);
  });

  test("that are no plain LoRA are refused, all at once", () => {
    expect(() =>
      adapter({
        "q.lora_A.weight": [2, 5],
        "k.lora_A.weight": [2, 5],
        "k.lora_B.weight": [3, 4],
        "v.lora_magnitude_vector": [5],
        "v.lora_B.bias": [5],
      }),
    ).toThrowErrorMatchingInlineSnapshot(`
      [OnebasinError: 4 problems with x:
        - x holds "v.lora_magnitude_vector": DoRA is not supported, merge it into its base with PEFT first.
        - x holds "v.lora_B.bias": biases of factors (lora_bias) are not supported.
        - Module "q" of x: a factor is missing.
        - Module "k" of x: the factors [3, 4] and [2, 5] do not fit together.]
    `);
    expect(() => adapter({ "norm.weight": [2] })).toThrow("x holds no factors of LoRA");
    expect(() => adapter({ "q.lora_A.weight": [2, 5] }, { dtype: "i8" })).toThrow("factors are floating-point");
  });
});

describe("weights held whole", () => {
  const FACTORS = { "q.lora_A.weight": [2, 5], "q.lora_B.weight": [3, 2] };

  test("of one adapter are taken over, of two are refused", () => {
    const [first, plain] = [adapter({ ...FACTORS, "base_model.model.head.weight": [2, 2] }), adapter(FACTORS)];
    const plan = mergeAdapters([first, plain], { method: "cat" });
    expect(plan.steps.flatMap(({ tensors }) => tensors.map(({ key }) => key))).toEqual([
      "base_model.model.q.lora_A.weight",
      "base_model.model.q.lora_B.weight",
      "base_model.model.head.weight",
    ]);
    expect(plan.config).toMatchObject({ modules_to_save: ["head"], target_modules: ["q"] });
    expect(() => mergeAdapters([first, first], { method: "cat" })).toThrow('each replace "head.weight" as a whole');
  });

  test("that are the base's own beside a table's factors must be the same", async () => {
    const table = { "wte.lora_embedding_A": [2, 3], "wte.lora_embedding_B": [4, 2], "wte.base_layer.weight": [3, 4] };
    const [first, other] = [adapter(table), adapter(table, { name: "y" })];
    const plan = mergeAdapters([first, other], { method: "cat" });
    expect(plan.config.modules_to_save).toBe(null);
    expect(plan.steps[1].tensors[0].key).toBe("base_model.model.wte.base_layer.weight");
    await plan.steps[1].make();
    const [source] = other.checkpoint.sources.slice(-1);
    (source.bytes as Uint8Array)[0] = 1;
    await expect(plan.steps[1].make()).rejects.toThrow('x and y store "wte.weight" of their base');
  });
});
