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
}
const ABC = ["a", "b", "c"];
const onBase = (method: string, params: Call["params"] = {}, weights: Call["weights"] = [1, 1, 1]): Call => ({
  method,
  models: ABC,
  base: "base",
  params,
  weights,
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
  karcher: { method: "karcher", models: ABC },
};

/** A model in the direction of another, a little longer. */
const stretched = ({ shape, data }: Values): Values => ({ shape, data: data.map((value) => value * 1.0001) });

async function run(call: Call, key: string, { input = "f32", output }: { input?: DType; output?: FloatDType } = {}) {
  const checkpoint = (name: string) => {
    const { shape, data } = golden.inputs[key][name] ?? stretched(golden.inputs[key].base);
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
  expect(Object.keys(golden.outputs).filter((name) => !Object.hasOwn(CALLS, name))).toMatchInlineSnapshot(`
    [
      "nuslerp t=.3 flatten",
      "nuslerp t=.3 no-flatten",
      "nuslerp t=.3 row_wise no-flatten",
      "nuslerp t=.3 flatten base",
      "task_arithmetic w=[.3,.3,.3] lambda=.5 normalize",
      "ties w=1 density=.5",
      "ties w=[.5,.3,.2] density=.5",
      "ties w=[.5,.3,.2] density=.5 no-normalize lambda=1.5",
      "ties w=[1,-.5,1] density=.8",
      "ties w=1 density=.5 rescale",
      "ties w=1 density=.5 int8_mask",
      "breadcrumbs w=1 density=.7 gamma=.1",
      "breadcrumbs_ties w=1 density=.7 gamma=.1",
      "breadcrumbs w=1 density=.7 gamma=.01 (n_top==0 defect)",
      "dare_linear density=1 (no-op)",
      "dare_ties density=1 (no-op sparsify)",
      "model_stock filter_wise",
      "sce select_topk=1",
      "sce select_topk=.5",
      "arcee_fusion base<-a",
      "PEFT ties w=[.5,.3,.2] density=.5 total",
      "PEFT ties w=[.5,.3,.2] density=.5 frequency",
      "PEFT magnitude_prune w=[.5,.3,.2] density=.5",
    ]
  `);
});
