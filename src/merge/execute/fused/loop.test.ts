import { beforeAll, describe, expect, test } from "vitest";
import { createRandom } from "../../../core/random.js";
import { type Kernels, loadKernels } from "../../../kernels/load-kernels.js";
import { type DType, dtypeBytes } from "../../../tensor/dtype.js";
import { createTensor, tensorNumbers } from "../../../tensor/tensor.js";
import { compile } from "../../expression/compile.js";
import { evaluateScalars } from "../../expression/evaluate-scalars.js";
import {
  add,
  apply,
  dot,
  type Expression,
  exp,
  input,
  largest,
  mul,
  smallest,
  sub,
  sum,
} from "../../expression/expression.js";
import { ELEMENTWISE, type ElementwiseName } from "../../expression/operations.js";
import { GRANULE, type JobResult } from "../job.js";
import { BLOCK } from "../job-buffers.js";
import { createJobRunner } from "../run-job.js";
import { VECTOR_OPERATIONS } from "./vector-operations.js";

/** Around a vector, a turn and a block. */
const LENGTHS = [1, 3, 4, 5, 8, 15, 16, 17, 32, 33, BLOCK - 1, BLOCK, BLOCK + 1, BLOCK + 16];

const SPECIAL = [
  0,
  -0,
  1,
  -1,
  0.5,
  -2.5,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  2 ** -149,
  3e38,
];

/** Special values in all pairs first, then numbers of all magnitudes. */
function numbers(length: number, name: string): number[] {
  const random = createRandom(7, "loop", name, length);
  return Array.from({ length }, (_, i) => {
    if (length > 100 && i < SPECIAL.length ** 2) {
      return Math.fround(SPECIAL[name === "0" ? i % SPECIAL.length : Math.floor(i / SPECIAL.length)]);
    }
    return Math.fround(random.normal() * 10 ** (random.integer(9) - 4));
  });
}

interface Ran {
  readonly bytes: Uint8Array;
  readonly result: JobResult;
}

/** Runs the one pass of a formula as a job on memory. */
async function run(
  formula: { readonly stored?: Expression; readonly results?: readonly Expression[] },
  inputs: readonly { readonly dtype: DType; readonly bytes: Uint8Array }[],
  outputDtype: DType,
): Promise<Ran> {
  const { passes, scalars } = compile(formula.stored, { results: formula.results });
  expect(passes).toHaveLength(1);
  const count = inputs[0].bytes.length / dtypeBytes(inputs[0].dtype);
  const bytes = new Uint8Array(count * dtypeBytes(outputDtype));
  const runJob = await createJobRunner({
    readInto: (source, offset, target) => target.set(inputs[source].bytes.subarray(offset, offset + target.length)),
    write: (_, position, written) => bytes.set(written, position),
  });
  const result = await runJob({
    inputs: inputs.map(({ dtype }, source) => ({ source, dtype, offset: 0, shape: [count] })),
    start: 0,
    end: count,
    output: formula.stored && { file: 0, position: 0, dtype: outputDtype },
    compute: {
      pass: passes[0],
      scalars: evaluateScalars(scalars[0], { count, reductions: new Map() }),
      precision: "f32",
      checked: inputs.map((_, i) => i),
      quotas: [],
      kept: [],
    },
    granule: GRANULE,
    checksum: false,
  });
  return { bytes, result };
}

const f32 = (values: readonly number[]): { dtype: DType; bytes: Uint8Array } => ({
  dtype: "f32",
  bytes: createTensor("f32", [values.length], values).bytes,
});

const numbersOf = (dtype: DType, bytes: Uint8Array): number[] => [
  ...tensorNumbers({ dtype, shape: [bytes.length / dtypeBytes(dtype)], bytes }),
];

describe("operations in loops agree with their scalar definition", () => {
  test.each(Object.keys(VECTOR_OPERATIONS) as ElementwiseName[])("%s", async (name) => {
    const { arity, evaluate } = ELEMENTWISE[name];
    for (const length of LENGTHS) {
      const args = Array.from({ length: arity }, (_, i) => numbers(length, String(i)));
      const stored = apply(name, ...args.map((_, i) => input(i)));
      const { bytes } = await run({ stored }, args.map(f32), "f32");
      const expected = args[0].map((_, i) =>
        Math.fround((evaluate as (...x: number[]) => number)(...args.map((arg) => arg[i]))),
      );
      expect(numbersOf("f32", bytes)).toEqual(expected);
    }
  });

  test("products with numbers, and sums with them, round after each operation", async () => {
    for (const length of LENGTHS) {
      const [a, b] = ["0", "1"].map((name) => numbers(length, name));
      const stored = sub(mul(input(0), 0.3), mul(input(1), 1.7));
      const { bytes } = await run({ stored }, [a, b].map(f32), "f32");
      const times = (x: number, factor: number): number => Math.fround(x * Math.fround(factor));
      expect(numbersOf("f32", bytes)).toEqual(a.map((x, i) => Math.fround(times(x, 0.3) + times(b[i], -1.7))));
    }
  });

  test("granules follow one another", async () => {
    const [a, b] = ["0", "1"].map((name) => numbers(GRANULE + 17, name));
    const { bytes } = await run({ stored: add(input(0), input(1)) }, [a, b].map(f32), "f32");
    expect(numbersOf("f32", bytes)).toEqual(a.map((x, i) => Math.fround(x + b[i])));
  });

  test("values cross from loop to kernel and back", async () => {
    for (const length of LENGTHS) {
      const x = numbers(length, "1").map((value) => Math.fround(value / 1e4));
      const doubled = mul(input(0), 2);
      const { bytes } = await run({ stored: add(exp(doubled), mul(doubled, doubled)) }, [f32(x)], "f32");
      for (const [i, value] of numbersOf("f32", bytes).entries()) {
        const expected = Math.exp(2 * x[i]) + 4 * x[i] * x[i];
        if (!(Math.abs(expected) < 3e38)) continue;
        expect(Math.abs(value - expected)).toBeLessThanOrEqual(2 ** -20 * Math.max(Math.abs(expected), 2 ** -120));
      }
    }
  });
});

describe.each(["f32", "bf16", "f16"] as const)("loops read and write %s", (dtype) => {
  test("every stored value is widened exactly, and what is not finite is counted", async () => {
    const width = dtypeBytes(dtype);
    for (const length of [...LENGTHS, 65536]) {
      const bytes =
        width === 2
          ? new Uint8Array(Uint16Array.from({ length }, (_, i) => (i * 40503) & 65535).buffer)
          : f32(numbers(length, "0")).bytes;
      const { bytes: found, result } = await run({ stored: apply("neg", input(0)) }, [{ dtype, bytes }], "f32");
      const expected = numbersOf(dtype, bytes);
      expect(numbersOf("f32", found)).toEqual(expected.map((value) => -value));
      expect(result.nonFinite).toEqual([expected.filter((value) => !Number.isFinite(value)).length]);
    }
  });

  test("every f32 is rounded to the nearest, ties to even", async () => {
    for (const length of LENGTHS) {
      const points = numbers(length, "0").map((value, i) =>
        i % 3 === 0 ? halfWay(value, i % 2 === 0 ? 13 : 16) : value,
      );
      const { bytes } = await run({ stored: apply("neg", input(0)) }, [f32(points)], dtype);
      const negated = points.map((value) => -value);
      expect(numbersOf(dtype, bytes)).toEqual(numbersOf(dtype, createTensor(dtype, [length], negated).bytes));
    }
  });
});

/** The number with its lower bits replaced by 1000…: half-way between two that have none of them. */
function halfWay(value: number, bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  view.setUint32(0, ((view.getUint32(0) >>> bits) << bits) | (1 << (bits - 1)));
  return view.getFloat32(0);
}

describe("reductions in loops", () => {
  let kernels: Kernels;

  beforeAll(async () => {
    kernels = await loadKernels(16 * BLOCK);
  });

  test("sums and extremes are those of the kernels, to the bit", async () => {
    const [first, second] = [kernels.heapBase, kernels.heapBase + 4 * BLOCK];
    const results = [sum(input(0)), largest(input(0)), smallest(sub(input(1), input(0))), sum(sub(input(1), input(0)))];
    for (const length of LENGTHS.filter((one) => one <= BLOCK)) {
      const random = createRandom(3, "reduce", length);
      const [a, b] = [0, 1].map(() => Float32Array.from({ length }, () => random.normal()));
      const { result } = await run(
        { results },
        [a, b].map((values) => f32([...values])),
        "f32",
      );
      const put = (address: number, values: Float32Array): void =>
        new Float32Array(kernels.memory.buffer, address, length).set(values);
      const { sum_f32, largest_f32, smallest_f32 } = kernels.functions;
      put(first, a);
      put(
        second,
        b.map((value, i) => value - a[i]),
      );
      const expected = [
        sum_f32(first, length),
        largest_f32(first, length),
        smallest_f32(second, length),
        sum_f32(second, length),
      ];
      expect([...result.partials]).toEqual(expected);
    }
  });

  /** Of the inputs, the dot product, and the square of each one's norm. */
  const dots = [dot(input(0), input(1)), dot(input(0), input(0)), dot(input(1), input(1))];

  function exactDots(a: readonly number[], b: readonly number[]): { exact: number[]; magnitudes: number[] } {
    const pairs = [
      [a, b],
      [a, a],
      [b, b],
    ];
    const products = pairs.map(([x, y]) => x.map((value, i) => value * y[i]));
    const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
    return { exact: products.map(total), magnitudes: products.map((one) => total(one.map(Math.abs))) };
  }

  test.each([
    ["of usual size", 1, 1],
    ["whose squares are above the range of f32", 1e30, 1],
    ["whose squares are below it", 1e-30, 1e-28],
    ["whose product alone is within it", 1e-30, 1e30],
    ["that are 0", 0, 1],
  ])("dot products of numbers %s are right to 2⁻²² of what they add up", async (_, sizeOfA, sizeOfB) => {
    for (const length of LENGTHS) {
      const random = createRandom(3, "dot", length);
      const [a, b] = [sizeOfA, sizeOfB].map((size) =>
        Array.from({ length }, () => Math.fround(size * random.normal())),
      );
      const { result } = await run({ results: dots }, [a, b].map(f32), "f32");
      const { exact, magnitudes } = exactDots(a, b);
      for (const [i, found] of [...result.partials].entries()) {
        expect(Math.abs(found - exact[i])).toBeLessThanOrEqual(2 ** -22 * magnitudes[i]);
      }
      expect(result.nonFinite).toEqual([0, 0]);
    }
  });

  test("what is not finite is counted once where a dot product is not", async () => {
    const a = Array.from({ length: BLOCK }, (_, i) =>
      i === 100 ? Number.NaN : i === 7 ? Number.POSITIVE_INFINITY : 1,
    );
    const b = a.map((_, i) => (i === 7 ? 0 : 1));
    const { result } = await run({ results: dots }, [a, b].map(f32), "f32");
    expect([...result.partials]).toEqual([Number.NaN, Number.NaN, BLOCK - 1]);
    expect(result.nonFinite).toEqual([2, 0]);
  });
});

describe("what is not finite is counted, whatever is made of it", () => {
  const formulas: [string, Expression | readonly Expression[]][] = [
    ...(Object.keys(VECTOR_OPERATIONS) as ElementwiseName[]).map((name): [string, Expression] => {
      const operands = Array.from({ length: ELEMENTWISE[name].arity }, (_, i) => input(i % 2));
      return [name, add(apply(name, ...operands), mul(input(1), 0))];
    }),
    ["a weighted sum", add(mul(input(0), 0.25), mul(input(1), 0.75))],
    ["a weight of 0", add(mul(input(0), 0), input(1))],
    ["what hides the first", add(apply("lt", input(0), 1), input(1))],
    ["dot products", [dot(input(0), input(0)), dot(input(1), input(1))]],
    ["a sum beside a dot product", [sum(input(0)), dot(input(1), input(0))]],
    ["extremes", [largest(input(0)), smallest(input(1))]],
    ["what hides it in part", add(input(1), mul(input(1), apply("lt", input(0), 1)))],
  ];

  test.each(formulas)("%s", async (_, formula) => {
    const wanted = "kind" in formula ? { stored: formula } : { results: formula };
    const spoilt = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const dtype of ["f32", "bf16", "f16"] as const) {
      const random = createRandom(5, "spoilt", dtype);
      const inputs = [0, 1].map((model) => {
        const values = numbers(3 * BLOCK, "2").map((value) => Math.fround(value % 1000));
        // The middle block is sound, the others are not; of the second model only the last.
        for (const block of model === 0 ? [0, 2] : [2]) {
          for (let i = 0; i <= model; i++) values[block * BLOCK + random.integer(BLOCK)] = spoilt[random.integer(3)];
        }
        return { dtype, bytes: createTensor(dtype, [values.length], values).bytes };
      });
      const counts = inputs.map(
        ({ bytes }) => numbersOf(dtype, bytes).filter((value) => !Number.isFinite(value)).length,
      );
      const { result } = await run(wanted, inputs, dtype);
      expect(result.nonFinite).toEqual(counts);
    }
  });
});
