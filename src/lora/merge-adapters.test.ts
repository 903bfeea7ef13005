import { describe, expect, test } from "vitest";
import { goldenAdapter, goldenAdapters, stateOf } from "../../test/support/golden-adapters.js";
import { stateDictCheckpoint } from "../checkpoint/state-dict-checkpoint.js";
import { createRandom } from "../core/random.js";
import { readPlan } from "../merge/execute/read-plan.js";
import { planConvert } from "../merge/plan-convert.js";
import { createTensor, type StateDict, type Tensor, tensorNumbers } from "../tensor/tensor.js";
import { type Adapter, readAdapter } from "./adapter.js";
import { parseAdapterConfig } from "./adapter-config.js";
import { ADAPTER_METHODS } from "./adapter-methods.js";
import type { AdapterPlan } from "./adapter-plan.js";
import { applyAdapter } from "./apply-adapter.js";
import { mergeAdapters } from "./merge-adapters.js";

async function carriedOut(plan: AdapterPlan): Promise<Adapter> {
  const state = new Map<string, Tensor>();
  for (const { tensors, make } of plan.steps) {
    const made = await make();
    for (const [i, { key, shape, dtype }] of tensors.entries()) {
      expect(made.tensors[i]).toMatchObject({ shape, dtype });
      state.set(key, made.tensors[i]);
    }
  }
  return readAdapter(stateDictCheckpoint("merged", state), parseAdapterConfig(JSON.stringify(plan.config), "merged"));
}

/** What an adapter adds to a base: f32, in the shape of each weight. */
async function changesOf(adapter: Adapter): Promise<StateDict> {
  const zeros = Object.entries(goldenAdapters.base).map(
    ([key, { shape, data }]) =>
      [
        key,
        createTensor(
          "f32",
          shape,
          data.map(() => 0),
        ),
      ] as const,
  );
  return readPlan(planConvert(applyAdapter(stateDictCheckpoint("base", new Map(zeros)), adapter)));
}

async function expectChanges(adapter: Adapter, expected: StateDict): Promise<void> {
  const found = await changesOf(adapter);
  for (const [module, tensor] of expected) {
    const [got, wanted] = [found.get(`${module}.weight`) as Tensor, tensor].map((one) => [...tensorNumbers(one)]);
    expect(got.length).toBe(wanted.length);
    // PEFT works in f32, and its decomposition too: a few units of 2⁻²⁴ of the largest number.
    for (const [i, value] of wanted.entries()) expect(Math.abs(got[i] - value), module).toBeLessThan(2e-4);
  }
}

describe.each(Object.keys(goldenAdapters.adapters))("adapter %s", (name) => {
  test("changes a base as PEFT's does", async () => {
    await expectChanges(goldenAdapter(name), stateOf(goldenAdapters.applied[name]));
  });
});

describe.each(goldenAdapters.merged)("$method of $adapters by $weights, $election", (merged) => {
  test("is what PEFT makes", async () => {
    const plan = mergeAdapters(merged.adapters.map(goldenAdapter), {
      method: merged.method,
      weights: merged.weights,
      density: merged.density ?? undefined,
      rank: merged.rank ?? undefined,
      election: merged.election ?? undefined,
    });
    const adapter = await carriedOut(plan);
    await expectChanges(adapter, stateOf(merged.changes));
    if (merged.tensors === null || merged.method === "cat") return;
    for (const [key, tensor] of stateOf(merged.tensors)) {
      const entry = [...adapter.modules.values()].flatMap(({ a, b }) => [a, b]).find((one) => one.key === key);
      expect(entry?.shape).toEqual(tensor.shape);
    }
  });
});

const SMALL = { rows: 40, columns: 50 };

function adapterOf(name: string, { rank = 4, config = {} }: { rank?: number; config?: object } = {}): Adapter {
  const random = createRandom(1, name);
  const normals = (count: number): number[] => Array.from({ length: count }, () => random.normal());
  const state = new Map([
    ["base_model.model.layer.lora_A.weight", createTensor("f32", [rank, SMALL.columns], normals(rank * SMALL.columns))],
    ["base_model.model.layer.lora_B.weight", createTensor("f32", [SMALL.rows, rank], normals(SMALL.rows * rank))],
  ]);
  const text = JSON.stringify({ peft_type: "LORA", r: rank, lora_alpha: rank, target_modules: ["layer"], ...config });
  return readAdapter(stateDictCheckpoint(name, state), parseAdapterConfig(text, name));
}

async function factorsOf(plan: AdapterPlan): Promise<Float64Array[]> {
  const { tensors } = await plan.steps[0].make();
  return tensors.map(tensorNumbers);
}

test.each(["dare_linear", "dare_ties"])(
  "%s keeps its density and makes up for it, the same for a seed",
  async (method) => {
    const [adapter] = [adapterOf("a", { rank: 8 })];
    const [a] = await factorsOf(mergeAdapters([adapter], { method, density: 0.4, seed: 1 }));
    const [given] = await factorsOf(mergeAdapters([adapter], { method: "linear" }));
    const kept = [...a.keys()].filter((i) => a[i] !== 0);
    const count = 8 * SMALL.columns;
    expect(Math.abs(kept.length - 0.4 * count)).toBeLessThan(5 * Math.sqrt(count * 0.4 * 0.6));
    for (const i of kept) expect(a[i]).toBeCloseTo(given[i] / 0.4, 4);
    expect(await factorsOf(mergeAdapters([adapter], { method, density: 0.4, seed: 1 }))).toEqual(
      await factorsOf(mergeAdapters([adapter], { method, density: 0.4, seed: 1 })),
    );
    const [other] = await factorsOf(mergeAdapters([adapter], { method, density: 0.4, seed: 2 }));
    expect(other).not.toEqual(a);
  },
);

test("a cut to a lower rank says how much it holds, and a rank that is enough holds all", async () => {
  const adapters = [adapterOf("a"), adapterOf("b", { rank: 3 })];
  const whole = await mergeAdapters(adapters, { method: "svd", rank: 7 }).steps[0].make();
  expect(whole.coverage?.covered).toBeCloseTo(whole.coverage?.total as number, 6);
  const cut = await mergeAdapters(adapters, { method: "svd", rank: 2 }).steps[0].make();
  const share = (cut.coverage?.covered as number) / (cut.coverage?.total as number);
  expect(share).toBeGreaterThan(0.3);
  expect(share).toBeLessThan(0.8);
});

test("modules that only some adapters have are made of those, and that is said", () => {
  const plan = mergeAdapters([goldenAdapter("a"), goldenAdapter("c")], { method: "cat" });
  expect(plan.notes.join()).toContain("4 of 6 modules are not in all adapters");
  expect(plan.config).toMatchObject({ r: 3, lora_alpha: 3, rank_pattern: { "body.one": 7, image: 5 } });
});

test("what cannot be merged is refused, all at once", () => {
  const message = (adapters: Adapter[], options: Parameters<typeof mergeAdapters>[1]): string => {
    try {
      mergeAdapters(adapters, options);
    } catch (error) {
      return (error as Error).message;
    }
    throw new Error("it was accepted");
  };
  const [a, b] = [adapterOf("a"), adapterOf("b", { rank: 2 })];
  expect(message([a, b], { method: "ties", weights: [1], rank: 3 })).toMatchInlineSnapshot(`
    "3 problems with the merge of adapters:
      - The weights are 1; expected one number for each of 2 adapters.
      - The method "ties" needs a density, the share of elements that stay.
      - The method "ties" makes no use of a rank."
  `);
  expect(message([a, b], { method: "linear" })).toMatchInlineSnapshot(
    `"Module "layer": a has rank 4, b 2; "linear" needs equal ranks."`,
  );
  expect(message([a, goldenAdapter("a")], { method: "svdd" })).toMatchInlineSnapshot(
    `"There is no way to merge adapters called "svdd"."`,
  );
  expect(message([a], { election: "frequency", density: 2 })).toMatchInlineSnapshot(`
    "3 problems with the merge of adapters:
      - The method "svd" makes no use of a density.
      - The density is 2; expected 0 to 1.
      - The method "svd" elects no signs."
  `);
});

test.each(ADAPTER_METHODS.map(({ id }) => id))("%s of one adapter, all kept, is that adapter", async (method) => {
  const adapter = adapterOf("a", { config: { lora_alpha: 6 } });
  const { thins } = ADAPTER_METHODS.find(({ id }) => id === method) as (typeof ADAPTER_METHODS)[number];
  const merged = await carriedOut(mergeAdapters([adapter], { method, density: thins ? 1 : undefined }));
  const zeros = createTensor("f32", [SMALL.rows, SMALL.columns], new Float64Array(SMALL.rows * SMALL.columns));
  const base = stateDictCheckpoint("base", new Map([["layer.weight", zeros]]));
  const [found, expected] = await Promise.all(
    [merged, adapter].map(async (one) =>
      tensorNumbers((await readPlan(planConvert(applyAdapter(base, one)))).get("layer.weight") as Tensor),
    ),
  );
  for (const [i, value] of expected.entries()) expect(found[i]).toBeCloseTo(value, 4);
});
