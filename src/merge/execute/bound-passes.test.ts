import { expect, test } from "vitest";
import { createTensor, tensorNumbers } from "../../tensor/tensor.js";
import { createCompiler } from "../expression/create-compiler.js";
import { evaluateScalars } from "../expression/evaluate-scalars.js";
import { add, type Expression, input, max, mul, sum } from "../expression/expression.js";
import type { Program } from "../expression/program.js";
import { TURN } from "./fused/loop-writer.js";
import { GRANULE, type JobResult } from "./job.js";
import { createJobRunner } from "./run-job.js";

/** As many as loops go over without help from kernels. */
const VALUES = Array.from({ length: 2 * TURN }, (_, i) => [3, -1, 0.5, -4][i % 4]);
const SUM = VALUES.reduce((total, value) => total + value, 0);
const compile = createCompiler();
const compileFor = (expression: Expression): Program => compile(expression, { elements: VALUES.length });
/** Numbers that are multiplied by, and one that fills a register. */
const clamped = (factor: number, least: number): Expression => max(mul(input(0), factor), least);

test("formulas that differ in their numbers alone have the same passes", () => {
  expect(compileFor(clamped(2, -3)).passes[0]).toBe(compileFor(clamped(0.5, 1)).passes[0]);
  expect(compileFor(mul(input(0), sum(input(0)))).passes[0]).not.toBe(compileFor(clamped(2, -3)).passes[0]);
});

test("a pass that is bound once serves jobs with other numbers, other dtypes, and after memory grew", async () => {
  let written = new Uint8Array();
  let model = createTensor("f32", [VALUES.length], VALUES);
  const run = await createJobRunner({
    readInto: (_, offset, target) => target.set(model.bytes.subarray(offset, offset + target.length)),
    write: (_, __, bytes) => {
      written = bytes.slice();
    },
  });
  const runFirst = ({ passes, scalars }: Program, inputs = 1): Promise<JobResult> => {
    const { dtype } = model;
    return run({
      inputs: Array.from({ length: inputs }, () => ({ source: 0, dtype, offset: 0, shape: [VALUES.length] })),
      start: 0,
      end: VALUES.length,
      output: { file: 0, position: 0, dtype },
      compute: {
        pass: passes[0],
        scalars: evaluateScalars(scalars[0], { count: VALUES.length, reductions: new Map() }),
        precision: "f32",
        checked: [],
        quotas: [],
        kept: [],
      },
      granule: GRANULE,
      checksum: false,
    });
  };
  const apply = async (expression: Expression, inputs?: number): Promise<number[]> => {
    await runFirst(compileFor(expression), inputs);
    return [...tensorNumbers({ ...model, bytes: written })];
  };
  const sums = async (): Promise<number[]> => [...(await runFirst(compileFor(mul(input(0), sum(input(0)))))).partials];
  const expected = (factor: number, least: number): number[] => VALUES.map((x) => Math.max(x * factor, least));
  expect(await apply(clamped(2, -3))).toEqual(expected(2, -3));
  expect(await apply(clamped(0.5, 1))).toEqual(expected(0.5, 1));
  expect(await sums()).toEqual([SUM]);
  const many = Array.from({ length: 8 }, (_, i) => input(i)).reduce(add);
  expect(await apply(many, 8)).toEqual(VALUES.map((x) => 8 * x));
  expect(await apply(clamped(2, 0))).toEqual(expected(2, 0));
  expect(await sums()).toEqual([SUM]);
  model = createTensor("bf16", [VALUES.length], VALUES);
  expect(await apply(clamped(2, 0))).toEqual(expected(2, 0));
});
