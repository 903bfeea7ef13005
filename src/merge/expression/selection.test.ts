import fc from "fast-check";
import { expect, test } from "vitest";
import { stateDictCheckpoint } from "../../checkpoint/state-dict-checkpoint.js";
import { createRandom } from "../../core/random.js";
import { createTensor, type Tensor, tensorNumbers } from "../../tensor/tensor.js";
import { GRANULE, jobGranules } from "../execute/job.js";
import { readPlan } from "../execute/read-plan.js";
import type { PlannedTensor } from "../plan.js";
import { planMerge } from "../plan-merge.js";
import { type Expression, input, mul } from "./expression.js";
import { kthLargest, takeLargest } from "./selection.js";

async function run(expression: Expression, values: readonly number[], dtype: "f32" | "f64" = "f32"): Promise<number[]> {
  const checkpoint = stateDictCheckpoint("a", new Map([["x", createTensor(dtype, [values.length], values)]]));
  const plan = planMerge([{ name: "a", checkpoint }], { expression: "a*2" });
  const tensors = plan.tensors.map((tensor): PlannedTensor => ({ ...tensor, action: { kind: "compute", expression } }));
  return [...tensorNumbers((await readPlan({ ...plan, tensors })).get("x") as Tensor)];
}

/** By sorting: the k largest magnitudes, equal ones in their order. */
function largest(values: readonly number[], k: number): number[] {
  const order = values.map((_, i) => i).sort((i, j) => Math.abs(values[j]) - Math.abs(values[i]) || i - j);
  const kept = new Set(order.slice(0, Math.max(0, k)));
  return values.map((value, i) => (kept.has(i) ? value : 0));
}

const numbers = fc.array(
  fc.oneof(fc.constantFrom(0, 1, -1, 0.5, 2 ** -140, -(2 ** 120)), fc.float({ noNaN: true, noDefaultInfinity: true })),
  { minLength: 1, maxLength: 200 },
);

test.each(["f32", "f64"] as const)("takes what sorting would, in %s", async (dtype) => {
  await fc.assert(
    fc.asyncProperty(numbers, fc.integer({ min: -1, max: 201 }), async (values, k) => {
      expect(await run(takeLargest(input(0), k), values, dtype)).toEqual(largest(values, k));
    }),
    { numRuns: 100 },
  );
});

test("finds the k-th largest magnitude", async () => {
  const values = [3, -7, 0.5, 7, -2];
  for (const [place, expected] of [7, 7, 3, 2, 0.5].entries()) {
    const expression = mul(kthLargest(input(0), place + 1), input(0));
    expect((await run(expression, [1, ...values].slice(1)))[0]).toBe(expected * 3);
  }
});

test("keeps exactly k of many equal elements, the first ones, across granules and jobs", async () => {
  const random = createRandom(1, "ties");
  const length = jobGranules(GRANULE) * GRANULE + 17;
  const values = Array.from({ length }, () => (random.integer(3) - 1) / 2);
  const nonZero = values.filter((value) => value !== 0).length;
  for (const k of [1, 70000, nonZero - 5]) {
    const found = await run(takeLargest(input(0), k), values);
    let left = k;
    expect(found.every((value, i) => value === (values[i] !== 0 && left-- > 0 ? values[i] : 0))).toBe(true);
  }
});
