import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { stateDictCheckpoint } from "../checkpoint/state-dict-checkpoint.js";
import type { DType } from "../tensor/dtype.js";
import type { Shape } from "../tensor/shape.js";
import { createTensor, tensorNumbers } from "../tensor/tensor.js";
import { readPlan } from "./execute/read-plan.js";
import type { MethodCase } from "./method.js";
import { methods } from "./methods.gen.js";
import { planMerge } from "./plan-merge.js";
import { findMethod } from "./recipe.js";

const checkpoint = (name: string, values: readonly number[], dtype: DType, shape: Shape = [values.length]) =>
  stateDictCheckpoint(name, new Map([["x", createTensor(dtype, shape, values)]]));

async function run(
  method: string,
  given: Omit<MethodCase, "name" | "expected">,
  dtype: DType = "f32",
): Promise<number[]> {
  const plan = planMerge(
    given.models.map((values, i) => ({ name: `m${i}`, checkpoint: checkpoint(`m${i}`, values, dtype, given.shape) })),
    {
      method,
      params: given.params,
      weights: given.weights,
      base: given.base === undefined ? undefined : checkpoint("base", given.base, dtype, given.shape),
      statistics: given.statistics?.map((values, i) => {
        const shape = findMethod(method).statistics?.shapeFor(given.shape ?? [values.length]) ?? given.shape;
        return checkpoint(`statistics${i}`, values, dtype, shape);
      }),
    },
  );
  const result = (await readPlan(plan)).get("x");
  expect(result?.dtype).toBe(dtype);
  return [...tensorNumbers(result as NonNullable<typeof result>)];
}

/** A few roundings of the format. */
const TOLERANCE: Readonly<Record<string, number>> = { f32: 2 ** -21, f64: 2 ** -48, bf16: 2 ** -7 };

describe.each(methods)("$id", (method) => {
  for (const dtype of ["f32", "f64", "bf16"] as const satisfies DType[]) {
    test.each(method.cases)(`$name, in ${dtype}`, async (given) => {
      const found = await run(method.id, given, dtype);
      const scale = Math.max(...given.expected.map(Math.abs), 1);
      expect(found.length).toBe(given.expected.length);
      for (const [i, value] of found.entries()) {
        expect(Math.abs(value - given.expected[i])).toBeLessThanOrEqual(TOLERANCE[dtype] * scale);
      }
    });
  }

  test("describes itself", () => {
    expect(method.cases.length).toBeGreaterThan(0);
    for (const text of [method.title, method.doc, method.formula, method.use]) expect(text).not.toBe("");
    for (const param of Object.values(method.params)) expect(param.doc).toMatch(/\.$/);
  });

  test("gives one finite number an element, whatever the length", async () => {
    const count = Math.min(Math.max(method.models.min, 2), method.models.max ?? 2);
    for (const length of [0, 1, 15, 16, 17, 2047, 2048, 2049, 65535, 65536, 65537]) {
      const models = Array.from({ length: count }, (_, m) => Array.from({ length }, (_, i) => Math.sin(i + m) + 0.1));
      const base = method.base === "required" ? models[0] : undefined;
      const statistics = method.statistics && models.map((values) => values.map((value) => value ** 2));
      const found = await run(method.id, { models, base, statistics });
      expect(found.length).toBe(length);
      expect(found.every(Number.isFinite)).toBe(true);
    }
  });
});

const SYMMETRIC = ["mean", "sum", "product"];

test.each(SYMMETRIC)("%s of two models does not depend on their order", async (method) => {
  const values = fc.array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }), {
    minLength: 4,
    maxLength: 4,
  });
  await fc.assert(
    fc.asyncProperty(values, values, async (a, b) => {
      expect(await run(method, { models: [a, b] })).toEqual(await run(method, { models: [b, a] }));
    }),
    { numRuns: 50 },
  );
});

test("every id is used once", () => {
  expect(new Set(methods.map(({ id }) => id)).size).toBe(methods.length);
});
