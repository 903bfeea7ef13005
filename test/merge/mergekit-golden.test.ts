import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { stateDictCheckpoint } from "../../src/checkpoint/state-dict-checkpoint.js";
import { readPlan } from "../../src/merge/execute/read-plan.js";
import { planMerge } from "../../src/merge/plan-merge.js";
import type { DType, FloatDType } from "../../src/tensor/dtype.js";
import { createTensor, tensorNumbers } from "../../src/tensor/tensor.js";

/** What mergekit 0.1.4 and PEFT gave for small tensors, in f32. */
interface Golden {
  readonly inputs: Readonly<Record<string, Readonly<Record<string, Values>>>>;
  readonly outputs: Readonly<Record<string, Readonly<Record<string, Values>>>>;
}
interface Values {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
const golden = JSON.parse(readFileSync(new URL("../fixtures/mergekit.json", import.meta.url), "utf8")) as Golden;

interface Call {
  readonly method: string;
  readonly models: readonly string[];
  readonly base?: string;
  readonly weights?: readonly number[];
  readonly params?: Readonly<Record<string, unknown>>;
  /** The models are the differences to the base, and the base is 0. */
  readonly takesDeltas?: boolean;
}
const ABC = ["a", "b", "c"];
const onBase = (method: string, params: Call["params"] = {}, weights: Call["weights"] = [1, 1, 1]): Call => ({
  method,
  models: ABC,
  base: "base",
  params,
  weights,
});

/** int(0.1 · 8) is 0 for the vector, where mergekit keeps nothing. */
const MERGEKIT_BREADCRUMBS = { density: 0.7, gamma: 0.1, profile: "mergekit" };

/** PEFT merges task vectors themselves. */
const alone = (method: string, params: Call["params"]): Call => ({
  ...onBase(method, params, [0.5, 0.3, 0.2]),
  takesDeltas: true,
});

/** By the name of the golden case. */
const CALLS: Readonly<Record<string, Call>> = {
  "linear w=[.2,.3,.9] normalize": { method: "linear", models: ABC, weights: [0.2, 0.3, 0.9] },
  "linear w=[.2,.3,.9] no-normalize": {
    method: "linear",
    models: ABC,
    weights: [0.2, 0.3, 0.9],
    params: { normalize: false },
  },
  "slerp t=0.0 base=a other=b": { method: "slerp", models: ["a", "b"], params: { t: 0 } },
  "slerp t=0.25 base=a other=b": { method: "slerp", models: ["a", "b"], params: { t: 0.25 } },
  "slerp t=0.5 base=a other=b": { method: "slerp", models: ["a", "b"], params: { t: 0.5 } },
  "slerp t=1.0 base=a other=b": { method: "slerp", models: ["a", "b"], params: { t: 1 } },
  "slerp t=.5 base, a (colinear check)": { method: "slerp", models: ["base", "stretched base"], params: { t: 0.5 } },
  model_stock: { method: "model_stock", models: ABC, base: "base" },
  "multislerp w=[1,2,3]": { method: "multislerp", models: ABC, weights: [1, 2, 3] },
  "multislerp w=[1,2,3] base": { method: "multislerp", models: ABC, base: "base", weights: [1, 2, 3] },
  "nearswap t=.1 base=a other=b": { method: "nearswap", models: ["a", "b"], params: { t: 0.1 } },
  "ram eps=1e-5": { method: "ram", models: ABC, base: "base", params: { epsilon: 1e-5 } },
  "ram eps=.2": { method: "ram", models: ABC, base: "base", params: { epsilon: 0.2 } },
  "ramplus_tl eps=.2": { method: "ramplus_tl", models: ABC, base: "base", params: { epsilon: 0.2 } },
  "task_arithmetic w=[.3,.3,.3]": onBase("task_arithmetic", {}, [0.3, 0.3, 0.3]),
  "task_arithmetic w=[.3,.3,.3] lambda=.5 normalize": onBase(
    "task_arithmetic",
    { lambda: 0.5, normalize: true },
    [0.3, 0.3, 0.3],
  ),
  "nuslerp t=.3 flatten": { method: "nuslerp", models: ["a", "b"], weights: [0.7, 0.3] },
  "nuslerp t=.3 no-flatten": {
    method: "nuslerp",
    models: ["a", "b"],
    weights: [0.7, 0.3],
    params: { nuslerp_flatten: false },
  },
  "nuslerp t=.3 row_wise no-flatten": {
    method: "nuslerp",
    models: ["a", "b"],
    weights: [0.7, 0.3],
    params: { nuslerp_flatten: false, nuslerp_row_wise: true },
  },
  "nuslerp t=.3 flatten base": { method: "nuslerp", models: ["a", "b"], base: "base", weights: [0.7, 0.3] },
  "ties w=1 density=.5": onBase("ties", { density: 0.5 }),
  "ties w=[.5,.3,.2] density=.5": onBase("ties", { density: 0.5 }, [0.5, 0.3, 0.2]),
  "ties w=[.5,.3,.2] density=.5 no-normalize lambda=1.5": onBase(
    "ties",
    { density: 0.5, normalize: false, lambda: 1.5 },
    [0.5, 0.3, 0.2],
  ),
  "ties w=[1,-.5,1] density=.8": onBase("ties", { density: 0.8 }, [1, -0.5, 1]),
  "ties w=1 density=.5 rescale": onBase("ties", { density: 0.5, rescale: true }),
  "ties w=1 density=.5 int8_mask": onBase("ties", { density: 0.5, int8_mask: true }),
  "breadcrumbs w=1 density=.7 gamma=.1": onBase("breadcrumbs", MERGEKIT_BREADCRUMBS),
  "breadcrumbs_ties w=1 density=.7 gamma=.1": onBase("breadcrumbs_ties", MERGEKIT_BREADCRUMBS),
  "breadcrumbs w=1 density=.7 gamma=.01 (n_top==0 defect)": onBase("breadcrumbs", {
    density: 0.7,
    gamma: 0.01,
    profile: "mergekit",
  }),
  "dare_linear density=1 (no-op)": onBase("dare_linear", {}, [0.5, 0.5, 0.5]),
  "dare_ties density=1 (no-op sparsify)": onBase("dare_ties", {}, [0.5, 0.5, 0.5]),
  "model_stock filter_wise": { method: "model_stock", models: ABC, base: "base", params: { filter_wise: true } },
  "sce select_topk=1": { method: "sce", models: ABC, base: "base" },
  "sce select_topk=.5": { method: "sce", models: ABC, base: "base", params: { select_topk: 0.5 } },
  "arcee_fusion base<-a": { method: "arcee_fusion", models: ["base", "a"] },
  "PEFT ties w=[.5,.3,.2] density=.5 total": alone("ties", { density: 0.5, profile: "peft" }),
  "PEFT ties w=[.5,.3,.2] density=.5 frequency": alone("ties", {
    density: 0.5,
    profile: "peft",
    election: "frequency",
  }),
  "PEFT magnitude_prune w=[.5,.3,.2] density=.5": alone("magnitude_prune", { density: 0.5 }),
  karcher: { method: "karcher", models: ABC },
};

/** A model in the direction of another, a little longer. */
const stretched = ({ shape, data }: Values): Values => ({ shape, data: data.map((value) => value * 1.0001) });

async function run(call: Call, key: string, { input = "f32", output }: { input?: DType; output?: FloatDType } = {}) {
  const checkpoint = (name: string) => {
    const { base, ...models } = golden.inputs[key];
    const { shape, data: own } = { base, "stretched base": stretched(base), ...models }[name] as Values;
    const data = call.takesDeltas ? own.map((value, i) => value - base.data[i]) : own;
    return stateDictCheckpoint(name, new Map([[key, createTensor(input, shape, data)]]));
  };
  const { method, models, base, weights, params } = call;
  const plan = planMerge(
    models.map((name) => ({ name, checkpoint: checkpoint(name) })),
    { method, params, weights, dtype: output, base: base === undefined ? undefined : checkpoint(base) },
  );
  const tensor = (await readPlan(plan)).get(key);
  if (tensor === undefined) throw new Error(`${key} is missing`);
  return tensor;
}

describe.each(Object.entries(CALLS))("%s", (name, call) => {
  test.each(Object.keys(golden.inputs))("gives what was measured: %s", async (key) => {
    const { shape, data } = golden.outputs[name][key];
    const tensor = await run(call, key);
    expect(tensor.shape).toEqual(shape);
    const off = [...tensorNumbers(tensor)].map((value, i) => [value, data[i], i] as const);
    expect(
      off.filter(([value, expected]) => !(Math.abs(value - expected) <= 1e-6 + 1e-5 * Math.abs(expected))),
    ).toEqual([]);
  });

  test("in bf16 is the f32 result, rounded once", async () => {
    for (const key of Object.keys(golden.inputs)) {
      const wide = await run(call, key, { input: "bf16", output: "f32" });
      const narrow = await run(call, key, { input: "bf16" });
      expect(narrow).toEqual(createTensor("bf16", wide.shape, tensorNumbers(wide)));
    }
  });
});

test("every golden case is run", () => {
  expect(Object.keys(CALLS).sort()).toEqual(Object.keys(golden.outputs).sort());
});
