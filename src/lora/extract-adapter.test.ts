import { expect, test } from "vitest";
import { stateDictCheckpoint } from "../checkpoint/state-dict-checkpoint.js";
import { createRandom } from "../core/random.js";
import { readPlan } from "../merge/execute/read-plan.js";
import { planConvert } from "../merge/plan-convert.js";
import { createTensor, type StateDict, type Tensor, tensorNumbers } from "../tensor/tensor.js";
import { readAdapter } from "./adapter.js";
import { parseAdapterConfig } from "./adapter-config.js";
import type { AdapterPlan, Coverage } from "./adapter-plan.js";
import { applyAdapter } from "./apply-adapter.js";
import { extractAdapter } from "./extract-adapter.js";

const SHAPES: Readonly<Record<string, readonly number[]>> = {
  "embed_tokens.weight": [30, 8],
  "layers.0.proj.weight": [12, 10],
  "layers.0.proj.bias": [12],
  "layers.1.proj.weight": [12, 10],
  "layers.1.proj.bias": [12],
  "conv.weight": [6, 5, 3, 2],
  "depthwise.weight": [6, 1, 3, 3],
  "h.0.c_fc.weight": [8, 20],
  "h.0.c_fc.bias": [20],
  "h.0.c_proj.weight": [9, 9],
  "h.0.c_proj.bias": [9],
  "norm.weight": [8],
  steps: [],
};

function base(): StateDict {
  const random = createRandom(1, "base");
  return new Map(
    Object.entries(SHAPES).map(([key, shape]) => {
      const count = shape.reduce((product, size) => product * size, 1);
      const values = Array.from({ length: count }, () => random.normal());
      return [key, key === "steps" ? createTensor("i64", shape, [3]) : createTensor("f32", shape, values)];
    }),
  );
}

/** The model with a change of the given rank in each of the keys. */
function tuned(keys: readonly string[], rank: number): StateDict {
  const state = new Map(base());
  for (const key of keys) {
    const { shape, ...tensor } = state.get(key) as Tensor;
    const random = createRandom(2, key);
    const [rows, columns] = [shape[0], shape.slice(1).reduce((product, size) => product * size, 1)];
    const normals = (count: number): number[] => Array.from({ length: count }, () => random.normal());
    const [left, right] = [normals(rows * rank), normals(rank * columns)];
    const values = tensorNumbers({ shape, ...tensor }).map((value, at) => {
      const [i, j] = [Math.floor(at / columns), at % columns];
      let change = 0;
      for (let k = 0; k < rank; k++) change += left[i * rank + k] * right[k * columns + j];
      return value + 0.1 * change;
    });
    state.set(key, createTensor("f32", shape, values));
  }
  return state;
}

const MATRICES = ["embed_tokens.weight", "layers.0.proj.weight", "conv.weight", "h.0.c_fc.weight", "h.0.c_proj.weight"];

async function carriedOut(plan: AdapterPlan) {
  const state = new Map<string, Tensor>();
  const coverage = new Map<string, Coverage>();
  for (const { module, tensors, make } of plan.steps) {
    const made = await make();
    if (made.coverage !== undefined) coverage.set(module, made.coverage);
    for (const [i, { key }] of tensors.entries()) state.set(key, made.tensors[i]);
  }
  const config = parseAdapterConfig(JSON.stringify(plan.config), "adapter");
  return { adapter: readAdapter(stateDictCheckpoint("adapter", state), config), coverage };
}

const checkpoint = (name: string, state: StateDict) => stateDictCheckpoint(name, state);

test("an adapter of enough rank, added to the base, gives the fine-tuned weights back", async () => {
  const after = tuned(MATRICES, 3);
  const plan = await extractAdapter(checkpoint("base", base()), checkpoint("tuned", after), { rank: 3 });
  expect(plan.steps.map(({ module }) => `${module}.weight`)).toEqual(MATRICES);
  const { adapter, coverage } = await carriedOut(plan);
  expect(adapter.modules.get("embed_tokens")?.kind).toBe("embedding");
  expect(adapter.modules.get("conv")?.kind).toBe("convolution");
  // Stored [in, out], as their biases tell: the factors are those of the layer all the same.
  expect(adapter.modules.get("h.0.c_fc")?.a.shape).toEqual([3, 8]);
  expect(adapter.config.isTransposed).toBe(true);
  const state = await readPlan(planConvert(applyAdapter(checkpoint("base", base()), adapter)));
  for (const [key, tensor] of after) {
    const [found, expected] = [state.get(key) as Tensor, tensor].map(tensorNumbers);
    for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 5);
  }
  for (const { covered, total } of coverage.values()) expect(covered / total).toBeCloseTo(1, 9);
});

test("a lower rank holds the share that its largest values have", async () => {
  const after = tuned(["layers.0.proj.weight"], 6);
  const whole = await carriedOut(await extractAdapter(checkpoint("b", base()), checkpoint("t", after), { rank: 10 }));
  const cut = await carriedOut(await extractAdapter(checkpoint("b", base()), checkpoint("t", after), { rank: 2 }));
  const { covered, total } = cut.coverage.get("layers.0.proj") as Coverage;
  expect(total).toBeCloseTo(whole.coverage.get("layers.0.proj")?.total as number, 9);
  // What is missing is what applying the adapter misses.
  const state = await readPlan(planConvert(applyAdapter(checkpoint("b", base()), cut.adapter)));
  const [found, expected] = [state, after].map((one) => tensorNumbers(one.get("layers.0.proj.weight") as Tensor));
  const missing = expected.reduce((sum, value, i) => sum + (value - found[i]) ** 2, 0);
  expect(total - covered).toBeCloseTo(missing, 4);
  expect(covered / total).toBeGreaterThan(0.4);
  expect(covered / total).toBeLessThan(0.95);
});

test("what an adapter cannot hold is left out, with how much it changed", async () => {
  const after = new Map(tuned(["layers.0.proj.weight"], 1));
  after.set(
    "norm.weight",
    createTensor(
      "f32",
      [8],
      tensorNumbers(base().get("norm.weight") as Tensor).map((x) => x + 0.5),
    ),
  );
  after.delete("layers.1.proj.bias");
  const plan = await extractAdapter(checkpoint("b", base()), checkpoint("t", after), { rank: 1 });
  const changed: [string, string, number][] = [];
  for (const { key, why, change } of plan.leftOut) {
    const size = await change();
    if (size > 0) changed.push([key, why, Number(size.toFixed(4))]);
  }
  expect(changed).toEqual([["norm.weight", "is no matrix of a layer", 2]]);
  expect(plan.leftOut.map(({ key }) => key)).toEqual(
    expect.arrayContaining(["depthwise.weight", "steps", "layers.0.proj.bias"]),
  );
  expect(plan.notes).toContain("Only in b, and left out: layers.1.proj.bias (1 in all).");
  // Another module is called proj as well, and was not changed: the name is written in full.
  expect(plan.config.target_modules).toEqual(["layers.0.proj"]);
});

test("patterns choose the keys, and one that matches nothing is an error", async () => {
  const after = tuned(MATRICES, 1);
  const keysOf = async (options: Parameters<typeof extractAdapter>[2]) =>
    (await extractAdapter(checkpoint("b", base()), checkpoint("t", after), options)).steps.map(({ module }) => module);
  expect(await keysOf({ only: ["h.*", "conv*"], skip: ["*.c_fc.*"] })).toEqual(["conv", "h.0.c_proj"]);
  await expect(keysOf({ only: ["q_proj"], skip: ["mlp*"], rank: 0 })).rejects.toThrowErrorMatchingInlineSnapshot(`
    [OnebasinError: 3 problems with the change from b to t:
      - The pattern "q_proj" matches no key.
      - The pattern "mlp*" matches no key.
      - The rank is 0; expected a whole number of at least 1.]
  `);
});

test("models that are the same, or of other shapes, or hold NaN are refused", async () => {
  const from = async (state: StateDict) => {
    const plan = await extractAdapter(checkpoint("b", base()), checkpoint("t", state));
    for (const { make } of plan.steps) await make();
  };
  await expect(from(base())).rejects.toThrow("No weight differs between b and t");
  const longer = new Map(base()).set("embed_tokens.weight", createTensor("f32", [31, 8], new Float64Array(248)));
  await expect(from(longer)).rejects.toThrow(
    'Key "embed_tokens.weight" is f32 [30, 8] in b and f32 [31, 8] in the other.',
  );
  const broken = new Map(base()).set(
    "layers.0.proj.weight",
    createTensor("f32", [12, 10], new Float64Array(120).fill(Number.NaN)),
  );
  await expect(from(broken)).rejects.toThrow('t holds NaN in "layers.0.proj.weight".');
});
