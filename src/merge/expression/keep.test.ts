import { expect, test } from "vitest";
import { stateDictCheckpoint } from "../../checkpoint/state-dict-checkpoint.js";
import { createRandom, randomStream } from "../../core/random.js";
import { createTensor, type Tensor } from "../../tensor/tensor.js";
import { GRANULE, jobGranules } from "../execute/job.js";
import { readPlan } from "../execute/read-plan.js";
import type { PlannedTensor } from "../plan.js";
import { planMerge } from "../plan-merge.js";
import { compile } from "./compile.js";
import { add, div, type Expression, input, keep, lt, mul, random, sum } from "./expression.js";
import { lastAxis } from "./rows.js";

/** The result's bytes: numbers by the million are slow to compare one by one. */
async function run(expression: Expression, shape: readonly number[], dtype: "f32" | "f64"): Promise<Buffer> {
  const numbers = createRandom(3, "values");
  const values = Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () => numbers.normal());
  const checkpoint = stateDictCheckpoint("a", new Map([["x", createTensor(dtype, shape, values)]]));
  const plan = planMerge([{ name: "a", checkpoint }], { expression: "a*2" });
  const tensors = plan.tensors.map((tensor): PlannedTensor => ({ ...tensor, action: { kind: "compute", expression } }));
  return Buffer.from(((await readPlan({ ...plan, tensors })).get("x") as Tensor).bytes);
}

type Wrap = (x: Expression) => Expression;
const unchanged: Wrap = (x) => x;

/** Scaled so that the sum is that of the input: what is kept is needed by two sweeps. */
const truths = (wrap: Wrap): Expression => {
  const thinned = mul(input(0), wrap(lt(random(randomStream(1, "keep")), 0.5)));
  return mul(thinned, div(sum(input(0)), sum(thinned)));
};

const rows = (wrap: Wrap, shape: readonly number[]): Expression => {
  const scaled = mul(input(0), wrap(lastAxis(shape).norm(input(0))));
  return add(scaled, sum(scaled));
};

test.each([
  ["f32", [jobGranules(GRANULE) * GRANULE + 65536 + 17]],
  ["f64", [40, 7]],
] as const)("truths that are kept are those that are found again, in %s", async (dtype, shape) => {
  const again = await run(truths(unchanged), shape, dtype);
  expect((await run(truths(keep), shape, dtype)).equals(again)).toBe(true);
});

test.each([
  ["f32", [70001, 33]],
  ["f64", [40, 7]],
] as const)("numbers of rows that are kept are those that are found again, in %s", async (dtype, shape) => {
  const again = await run(rows(unchanged, shape), shape, dtype);
  expect((await run(rows(keep, shape), shape, dtype)).equals(again)).toBe(true);
});

test("the generator runs in the first sweep only, unless the bits are too many, or none may be kept", () => {
  const drawing = (elements: number, mostKept?: number): boolean[] =>
    compile(truths(keep), { elements, mostKept }).passes.map(({ stages }) =>
      stages.some(({ blocks }) => blocks.some((instruction) => instruction.do === "random")),
    );
  expect(drawing(2 ** 20)).toEqual([true, false]);
  expect(drawing(2 ** 40)).toEqual([true, true]);
  expect(drawing(2 ** 20, 0)).toEqual([true, true]);
});

test("what one sweep needs is not kept", () => {
  const { passes } = compile(mul(input(0), keep(lt(input(0), 0))), { elements: 16 });
  expect(passes.map(({ kept }) => kept)).toEqual([[]]);
});
