import { expect, test } from "vitest";
import type { Checkpoint } from "../checkpoint/checkpoint.js";
import { stateDictCheckpoint } from "../checkpoint/state-dict-checkpoint.js";
import { OnebasinError } from "../core/errors.js";
import type { DType } from "../tensor/dtype.js";
import { createTensor, type Tensor, tensorNumbers } from "../tensor/tensor.js";
import { readPlan } from "./execute/read-plan.js";
import type { MergeOptions } from "./merge-options.js";
import { planMerge } from "./plan-merge.js";

const f32 = (...values: number[]): Tensor => createTensor("f32", [values.length], values);
const tensor = (dtype: DType, ...values: number[]): Tensor => createTensor(dtype, [values.length], values);

const model = (name: string, tensors: Record<string, Tensor>): Checkpoint =>
  stateDictCheckpoint(name, new Map(Object.entries(tensors)));

/** A layer with batch norm, filled with one number. */
const network = (name: string, value: number, prefix = ""): Checkpoint =>
  model(name, {
    [`${prefix}conv.weight`]: f32(value, value),
    [`${prefix}bn.weight`]: f32(value),
    [`${prefix}bn.running_mean`]: f32(value),
    [`${prefix}bn.running_var`]: f32(value),
    [`${prefix}bn.num_batches_tracked`]: createTensor("i64", [], [value]),
    [`${prefix}head.weight`]: f32(value),
  });

async function merged(
  models: readonly Checkpoint[],
  options: MergeOptions & { base?: Checkpoint } = {},
): Promise<Record<string, number[]>> {
  const plan = planMerge(
    models.map((checkpoint, i) => ({ name: "abc"[i], checkpoint })),
    options,
  );
  return Object.fromEntries([...(await readPlan(plan))].map(([key, value]) => [key, [...tensorNumbers(value)]]));
}

function messageOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof OnebasinError) return `${error.code}: ${error.message}\n${error.hint}`;
    throw error;
  }
  return "no error";
}

const failure = (models: readonly Checkpoint[], options: MergeOptions & { base?: Checkpoint } = {}): string =>
  messageOf(() =>
    planMerge(
      models.map((checkpoint, i) => ({ name: "abc"[i], checkpoint })),
      options,
    ),
  );

test("a sum adds parameters and statistics, and copies counters", async () => {
  expect(await merged([network("x", 2), network("y", 5)], { method: "sum" })).toEqual({
    "conv.weight": [7, 7],
    "bn.weight": [7],
    "bn.running_mean": [7],
    "bn.running_var": [7],
    "bn.num_batches_tracked": [2],
    "head.weight": [7],
  });
});

test("fresh buffers are those of a network just built", async () => {
  const result = await merged([network("x", 2), network("y", 5)], { method: "sum", buffers: "fresh" });
  expect(result).toMatchObject({
    "bn.running_mean": [0],
    "bn.running_var": [1],
    "bn.num_batches_tracked": [0],
    "bn.weight": [7],
  });
});

test("buffers of the first model stay as they are", async () => {
  const result = await merged([network("x", 2), network("y", 5)], { method: "sum", buffers: "first" });
  expect(result).toMatchObject({ "bn.running_mean": [2], "bn.running_var": [2], "bn.num_batches_tracked": [2] });
});

test("a variance never falls below zero", async () => {
  const result = await merged([network("x", 2), network("y", 5)], { method: "difference" });
  expect(result).toMatchObject({ "bn.running_mean": [-3], "bn.running_var": [0] });
});

test("rules: the first that matches wins, for parameters and statistics", async () => {
  const rules = ["head.*: copy b", "conv.*: method slerp t=0", "bn.running_*: expr b - a", "*.weight: weights=1,3"];
  expect(await merged([network("x", 2), network("y", 5)], { method: "linear", rules })).toEqual({
    "conv.weight": [2, 2],
    "bn.weight": [4.25],
    "bn.running_mean": [3],
    "bn.running_var": [3],
    "bn.num_batches_tracked": [2],
    "head.weight": [5],
  });
});

test("a dropped key is left out, and a key of one model can be copied", async () => {
  const a = model("x", { w: f32(1), old: f32(9) });
  const b = model("y", { w: f32(3), extra: f32(7) });
  expect(await merged([a, b], { rules: ["old: drop", "extra: copy b"] })).toEqual({ w: [2], extra: [7] });
});

test("keys of other shape can be taken from one model", async () => {
  const a = model("x", { w: f32(1), "head.weight": f32(1, 2, 3) });
  const b = model("y", { w: f32(3), "head.weight": f32(1, 2) });
  expect(await merged([a, b], { rules: ["head.*: copy b"] })).toEqual({ w: [2], "head.weight": [1, 2] });
});

test.each(["module.", "model.", "_orig_mod."])(
  "keys with the prefix %s match those without, either way round",
  async (prefix) => {
    const expected = [3.5, 3.5];
    expect((await merged([network("x", 2), network("y", 5, prefix)]))["conv.weight"]).toEqual(expected);
    expect((await merged([network("x", 2, prefix), network("y", 5)]))[`${prefix}conv.weight`]).toEqual(expected);
  },
);

test("the base model is called base, and its counters and keys do not count as a model's", async () => {
  const result = await merged([network("x", 2), network("y", 5)], { base: network("z", 1), method: "task_arithmetic" });
  expect(result["conv.weight"]).toEqual([6, 6]);
  expect(result["bn.num_batches_tracked"]).toEqual([2]);
  const formula = await merged([network("x", 2)], { base: network("z", 1), expression: "base + 0.5*(a - base)" });
  expect(formula["conv.weight"]).toEqual([1.5, 1.5]);
});

test.each([
  ["f32", "f16", "f32"],
  ["f16", "bf16", "f32"],
  ["f64", "bf16", "f64"],
  ["f8_e4m3", "f8_e5m2", "f32"],
  ["bf16", "f8_e5m2", "bf16"],
] as const)("%s with %s gives %s unless told", (first, second, expected) => {
  const models = [model("x", { w: tensor(first, 1) }), model("y", { w: tensor(second, 2) })];
  const named = models.map((checkpoint, i) => ({ name: "ab"[i], checkpoint }));
  expect(planMerge(named).tensors[0].dtype).toBe(expected);
  expect(planMerge(named, { dtype: "f16" }).tensors[0].dtype).toBe("f16");
});

test("f64 models are merged in f64", async () => {
  const [a, b] = [1 + 2 ** -40, 2 + 2 ** -40];
  const result = await merged([model("x", { w: tensor("f64", a) }), model("y", { w: tensor("f64", b) })], {
    method: "sum",
  });
  expect(result.w).toEqual([a + b]);
});

test("whole numbers must agree, and are never averaged", async () => {
  const table = (...values: number[]) =>
    model("t", { w: f32(1), position_ids: createTensor("i64", [values.length], values) });
  expect(await merged([table(0, 1, 2), table(0, 1, 2)])).toEqual({ w: [1], position_ids: [0, 1, 2] });
  await expect(merged([table(0, 1, 2), table(0, 1, 3)])).rejects.toMatchObject({ code: "mismatch" });
  expect(await merged([table(0, 1), table(0, 2)], { rules: ["position_ids: copy b"] })).toEqual({
    w: [1],
    position_ids: [0, 2],
  });
  expect(failure([table(0), table(0)], { rules: ["position_ids: expr a + b"] })).toMatchInlineSnapshot(`
    "mismatch: Key "position_ids" holds i64, which no formula applies to.
    Copy it from one model: --rule 'position_ids: copy a'"
  `);
});

test("whole numbers of other dtypes are told before anything is read", () => {
  const table = (dtype: "i64" | "i32" | "f32") => model(dtype, { position_ids: createTensor(dtype, [1], [1]) });
  for (const other of ["i32", "f32"] as const) {
    expect(failure([table("i64"), table(other)])).toBe(
      `mismatch: Key "position_ids": i64 holds i64, ${other} holds ${other}.\n` +
        "Whole numbers are never averaged. Take them from one model: --rule 'position_ids: copy a'",
    );
  }
});

test("NaN and infinity are counted by key and file, and stop the merge unless allowed", async () => {
  const a = model("x.pth", { w: f32(1, Number.NaN), v: f32(1) });
  const b = model("y.pth", { w: f32(1, 2), v: f32(Number.POSITIVE_INFINITY) });
  await expect(merged([a, b])).rejects.toThrowErrorMatchingInlineSnapshot(`
    [OnebasinError: The inputs hold NaN or infinity:
      - Key "v" of y.pth: 1 of 1 numbers.
      - Key "w" of x.pth: 1 of 2 numbers.]
  `);
  expect((await merged([a, b], { allowNonFinite: true })).w).toEqual([1, Number.NaN]);
});

test("models of other structure: all problems at once", () => {
  const a = model("x.pth", {
    w: f32(1),
    "conv1.weight": createTensor("f32", [2, 3], [1, 2, 3, 4, 5, 6]),
    only: f32(1),
  });
  const b = model("y.pth", { w: f32(1), "conv1.weight": f32(1, 2), other: f32(2) });
  expect(failure([a, b])).toMatchInlineSnapshot(`
    "mismatch: 3 problems with the merge:
      - Key "conv1.weight": x.pth has [2, 3], y.pth has [2].
      - Key "only" is in x.pth, but not in y.pth.
      - Key "other" is in y.pth, but not in x.pth.
    Merge equal architectures, or take such keys from one model: --rule 'conv1.weight: copy a'
    Merge equal architectures, or say what to do: --rule 'only: copy a' or --rule 'only: drop'
    Merge equal architectures, or say what to do: --rule 'other: copy b' or --rule 'other: drop'"
  `);
});

test.each([
  ["unknown method", { method: "slrep" }],
  ["unknown parameter", { method: "slerp", params: { tt: 0.5 } }],
  ["parameter out of range", { method: "slerp", params: { t: 1.5 } }],
  ["wrong count of weights", { weights: [0.5, 0.3, 0.2] }],
  ["weights where there are none", { method: "mean", weights: [1, 2] }],
  ["weights that sum to zero", { weights: [1, -1] }],
  ["base where none is used", { method: "mean", base: network("base", 1) }],
  ["missing base", { method: "task_arithmetic" }],
  ["unknown name in a formula", { expression: "a + c" }],
  ["formula and method", { expression: "a", method: "sum" }],
  ["rule without a match", { rules: ["classifier.*: copy a"] }],
  ["rule that is never reached", { rules: ["*: copy a", "head.*: copy b"] }],
  ["rule for an unknown model", { rules: ["*: copy q"] }],
  ["rule that is none", { rules: ["head"] }],
  ["rule with an unknown action", { rules: ["head: take a"] }],
  ["several at once", { rules: ["nothing: copy a", "never: drop"] }],
  ["model beyond the last", { method: "select", params: { from: 3 } }],
] as const)("%s", (_, options) => {
  expect(failure([network("x", 2), network("y", 5)], options)).toMatchSnapshot();
});

test("three models for a method of two", () => {
  expect(failure([network("x", 2), network("y", 5), network("z", 1)], { method: "slerp" })).toMatchInlineSnapshot(`
    "bad-argument: Method "slerp" takes 2 models; got 3.
    undefined"
  `);
});

test("ties survive when all models have them", async () => {
  const tied = (value: number): Checkpoint => {
    const checkpoint = model(`t${value}`, { embed: f32(value), head: f32(value), w: f32(1) });
    const entries = new Map(
      [...checkpoint.entries].map(([key, entry]) => [
        key,
        key === "w" ? entry : { ...entry, source: 0, tie: "shared" },
      ]),
    );
    return { ...checkpoint, entries };
  };
  const ties = (models: readonly Checkpoint[]) =>
    planMerge(models.map((checkpoint, i) => ({ name: "ab"[i], checkpoint }))).tensors.map(({ tie }) => tie);
  const [embed, head, w] = ties([tied(1), tied(2)]);
  expect(embed).toBeDefined();
  expect(head).toBe(embed);
  expect(w).toBeUndefined();
  expect(ties([tied(1), model("u", { embed: f32(1), head: f32(2), w: f32(1) })])).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});
