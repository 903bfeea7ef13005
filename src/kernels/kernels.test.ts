import { beforeAll, describe, expect, test } from "vitest";
import { createRandom } from "../core/random.js";
import { ELEMENTWISE, type ElementwiseName } from "../merge/expression/operations.js";
import { dtypeBytes, type FloatDType } from "../tensor/dtype.js";
import { createTensor, tensorNumbers } from "../tensor/tensor.js";
import { type Kernels, loadKernels } from "./load-kernels.js";

const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 63, 64, 65, 2047, 2048];
const ROOM = 2048 * 8 + 128;
const SPECIAL = [
  0,
  -0,
  1,
  -1,
  0.5,
  1.5,
  2.5,
  -2.5,
  Number.POSITIVE_INFINITY,
  Number.NEGATIVE_INFINITY,
  Number.NaN,
  1e-45,
  3e38,
  -65520,
];

let kernels: Kernels;
let address: (slot: number) => number;

beforeAll(async () => {
  kernels = await loadKernels(8 * ROOM);
  address = (slot) => kernels.heapBase + slot * ROOM;
});

const ARRAYS = { f32: Float32Array, f64: Float64Array } as const;
type Precision = keyof typeof ARRAYS;

function put(slot: number, precision: Precision, values: readonly number[]): void {
  new ARRAYS[precision](kernels.memory.buffer, address(slot), values.length).set(values);
}

function get(slot: number, precision: Precision, length: number): number[] {
  return [...new ARRAYS[precision](kernels.memory.buffer, address(slot), length)];
}

/** Special values first, then numbers of all magnitudes. */
function values(length: number, name: string): number[] {
  const random = createRandom(7, "test", name, length);
  return Array.from({ length }, (_, i) =>
    length > 16 && i < SPECIAL.length ? SPECIAL[i] : random.normal() * 10 ** (random.integer(9) - 4),
  );
}

const round = { f32: Math.fround, f64: (x: number) => x };
/** Transcendental functions of musl and of V8 may differ in the last place. */
const LOOSE: Readonly<Record<string, number>> = { exp: 2 ** -21, log: 2 ** -21, tanh: 2 ** -21, pow: 2 ** -21 };

describe.each(["f32", "f64"] as const)("elementwise kernels in %s agree with their scalar definition", (precision) => {
  test.each(Object.keys(ELEMENTWISE) as ElementwiseName[])("%s", (name) => {
    const { arity, evaluate } = ELEMENTWISE[name];
    for (const length of LENGTHS) {
      const args = Array.from({ length: arity }, (_, i) => values(length, `${name}${i}`).map(round[precision]));
      for (const [i, arg] of args.entries()) put(i + 1, precision, arg);
      kernels.functions[`${name}_${precision}`](...Array.from({ length: arity + 1 }, (_, i) => address(i)), length);
      const expected = Array.from({ length }, (_, i) =>
        round[precision]((evaluate as (...x: number[]) => number)(...args.map((arg) => arg[i]))),
      );
      const tolerance = LOOSE[name];
      if (tolerance === undefined) expect(get(0, precision, length)).toEqual(expected);
      else {
        get(0, precision, length).forEach((value, i) => {
          if (Object.is(value, expected[i])) return;
          expect(Math.abs(value - expected[i])).toBeLessThanOrEqual(tolerance * Math.abs(expected[i]));
        });
      }
    }
  });

  test("scale, addScaled and fill round after each operation", () => {
    for (const length of LENGTHS) {
      const [a, b] = ["a", "b"].map((name) => values(length, name).map(round[precision]));
      const factor = round[precision](0.3);
      put(1, precision, a);
      put(2, precision, b);
      const {
        [`scale_${precision}`]: scale,
        [`addScaled_${precision}`]: addScaled,
        [`fill_${precision}`]: fill,
      } = kernels.functions;
      scale(address(0), address(1), factor, length);
      expect(get(0, precision, length)).toEqual(a.map((x) => round[precision](x * factor)));
      addScaled(address(0), address(1), address(2), factor, length);
      expect(get(0, precision, length)).toEqual(a.map((x, i) => round[precision](x + round[precision](b[i] * factor))));
      fill(address(0), factor, length);
      expect(get(0, precision, length)).toEqual(a.map(() => factor));
    }
  });

  test("reductions give the f64 sum, product sum, largest and smallest", () => {
    for (const length of LENGTHS) {
      const [a, b] = ["x", "y"].map((name) => createNormals(length, name).map(round[precision]));
      put(1, precision, a);
      put(2, precision, b);
      const { functions } = kernels;
      const scale = a.reduce((total, x, i) => total + Math.abs(x) + Math.abs(x * b[i]), 1e-300);
      expect(
        Math.abs(functions[`sum_${precision}`](address(1), length) - a.reduce((total, x) => total + x, 0)),
      ).toBeLessThan(scale * 1e-14);
      const dot = a.reduce((total, x, i) => total + x * b[i], 0);
      expect(Math.abs(functions[`dot_${precision}`](address(1), address(2), length) - dot)).toBeLessThan(scale * 1e-14);
      const square = functions[`dot_${precision}`](address(1), address(1), length);
      expect(Math.abs(square - a.reduce((total, x) => total + x * x, 0))).toBeLessThanOrEqual(1e-13 * Math.abs(square));
      expect(functions[`largest_${precision}`](address(1), length)).toBe(Math.max(...a));
      expect(functions[`smallest_${precision}`](address(1), length)).toBe(Math.min(...a));
    }
  });
});

function createNormals(length: number, name: string): number[] {
  const random = createRandom(3, "test", name, length);
  return Array.from({ length }, () => random.normal());
}

const FLOATS: readonly FloatDType[] = ["f64", "f32", "f16", "bf16", "f8_e4m3", "f8_e5m2"];

describe.each(FLOATS)("conversion of %s", (dtype) => {
  test("every stored value is widened exactly, and what is not finite is counted", () => {
    const patterns = dtypeBytes(dtype) === 1 ? 256 : dtypeBytes(dtype) === 2 ? 65536 : 8192;
    const all = new Uint8Array(patterns * dtypeBytes(dtype));
    if (patterns === 8192) all.set(createTensor(dtype, [patterns], values(patterns, dtype)).bytes);
    else
      for (let i = 0; i < patterns; i++)
        all.set(dtypeBytes(dtype) === 1 ? [i] : [i & 255, i >> 8], i * dtypeBytes(dtype));
    for (let start = 0; start < patterns; start += 2048) {
      const count = Math.min(2048, patterns - start);
      const bytes = all.slice(start * dtypeBytes(dtype), (start + count) * dtypeBytes(dtype));
      new Uint8Array(kernels.memory.buffer, address(1), bytes.length).set(bytes);
      const nonFinite = kernels.functions[`load_${dtype}`](address(0), address(1), count);
      const expected = [...tensorNumbers({ dtype, shape: [count], bytes })].map(Math.fround);
      expect(get(0, "f32", count)).toEqual(expected);
      const stored = [...tensorNumbers({ dtype, shape: [count], bytes })];
      expect(nonFinite).toBe(stored.filter((value) => !Number.isFinite(value)).length);
    }
  });

  test("every f32 is rounded to the nearest, ties to even", () => {
    for (const length of LENGTHS) {
      const numbers = [...boundaries(dtype), ...values(length, "store")].slice(0, length).map(Math.fround);
      put(1, "f32", numbers);
      kernels.functions[`store_${dtype}`](address(0), address(1), numbers.length);
      const bytes = new Uint8Array(kernels.memory.buffer, address(0), numbers.length * dtypeBytes(dtype)).slice();
      const found = tensorNumbers({ dtype, shape: [numbers.length], bytes });
      expect([...found]).toEqual([...tensorNumbers(createTensor(dtype, [numbers.length], numbers))]);
    }
  });
});

/** Half-way points between neighbours of the 16- and 8-bit formats, and their f32 neighbours. */
function boundaries(dtype: FloatDType): number[] {
  if (dtypeBytes(dtype) > 2) return SPECIAL;
  const step = dtypeBytes(dtype) === 2 ? 97 : 1;
  const points: number[] = [...SPECIAL];
  const limit = dtypeBytes(dtype) === 2 ? 65535 : 255;
  for (let bits = 0; bits < limit; bits += step) {
    const pair = new Uint8Array(
      dtypeBytes(dtype) === 1 ? [bits, bits + 1] : [bits & 255, bits >> 8, (bits + 1) & 255, (bits + 1) >> 8],
    );
    const [low, high] = tensorNumbers({ dtype, shape: [2], bytes: pair });
    const middle = Math.fround((low + high) / 2);
    points.push(middle, middle * (1 + 2 ** -23), middle * (1 - 2 ** -23));
  }
  return points;
}

describe.each([
  ["f64", 4],
  ["f32", 8],
] as const)("products of packed tiles in %s agree with their definition", (precision, width) => {
  test.each([
    [1, 1, 1],
    [2, 1, 3],
    [1, 3, 7],
    [3, 2, 8],
  ])("%i tiles of rows, %i of columns, depth %i", (rowTiles, columnTiles, depth) => {
    const [rows, columns] = [rowTiles * 4, columnTiles * width];
    const random = createRandom(7, "product", depth);
    // Small whole numbers: every sum is exact, in any order.
    const a = Array.from({ length: rows * depth }, () => random.integer(17) - 8);
    const b = Array.from({ length: depth * columns }, () => random.integer(17) - 8);
    put(1, precision, a);
    put(2, precision, b);
    kernels.functions[`product_${precision}`](address(0), address(1), address(2), rowTiles, columnTiles, depth);
    const found = get(0, precision, rows * columns);
    const inTile = (values: number[], place: number, k: number, size: number): number =>
      values[(Math.floor(place / size) * depth + k) * size + (place % size)];
    const expected = Array.from({ length: rows * columns }, (_, at) => {
      const [i, j] = [Math.floor(at / columns), at % columns];
      let sum = 0;
      for (let k = 0; k < depth; k++) sum += inTile(a, i, k, 4) * inTile(b, j, k, width);
      return sum;
    });
    expect(found.map((value) => value + 0)).toEqual(expected.map((value) => value + 0));
  });
});
