import { beforeAll, describe, expect, test } from "vitest";
import { createRandom, type Random, randomStream } from "../core/random.js";
import { type Kernels, loadKernels } from "./load-kernels.js";

const LENGTHS = [0, 1, 3, 4, 5, 15, 16, 17, 2047, 2048];
const ROOM = 2048 * 8 + 128;
const TABLE = 65536 * 4;
const round = { f32: Math.fround, f64: (x: number) => x } as const;
const ARRAYS = { f32: Float32Array, f64: Float64Array } as const;
type Precision = keyof typeof ARRAYS;

let kernels: Kernels;
let address: (slot: number) => number;
let table: () => Uint32Array;

beforeAll(async () => {
  // Behind the slots: what ranking a row of 2048 needs.
  kernels = await loadKernels(5 * ROOM + TABLE + 24 * 2048 + 65536);
  address = (slot) => kernels.heapBase + TABLE + slot * ROOM;
  table = () => new Uint32Array(kernels.memory.buffer, kernels.heapBase, 65536);
});

function put(slot: number, precision: Precision, values: readonly number[]): void {
  new ARRAYS[precision](kernels.memory.buffer, address(slot), values.length).set(values);
}

const get = (slot: number, precision: Precision, length: number): number[] => [
  ...new ARRAYS[precision](kernels.memory.buffer, address(slot), length),
];

/** Few different magnitudes, so that many are equal. */
function coarse(length: number): number[] {
  const random = createRandom(5, "coarse", length);
  return Array.from({ length }, () => Math.round(random.normal() * 8) / 8);
}

const bitsOf = (x: number): number => new Uint32Array(Float32Array.of(Math.abs(x)).buffer)[0];

describe.each(["f32", "f64"] as const)("selection in %s", (precision) => {
  test("digits are counted: the upper 15 bits, then the lower 16 of one upper part", () => {
    for (const length of LENGTHS) {
      const random = createRandom(6, "fine", length);
      const values = Array.from({ length }, () => Math.fround(1 + random.uniform() / 256));
      put(0, precision, values);
      const { functions } = kernels;
      table().fill(0);
      functions[`tallyHigh_${precision}`](kernels.heapBase, address(0), length);
      const high = new Uint32Array(65536);
      for (const value of values) high[bitsOf(value) >>> 16]++;
      expect(table()).toEqual(high);
      table().fill(0);
      functions[`tallyLow_${precision}`](kernels.heapBase, address(0), bitsOf(1) >>> 16, length);
      const low = new Uint32Array(65536);
      for (const value of values) if (bitsOf(value) >>> 16 === bitsOf(1) >>> 16) low[bitsOf(value) & 65535]++;
      expect(table()).toEqual(low);
    }
  });

  test("the digits that occur are listed in their order", () => {
    const counts = [0, 3, 0, 0, 0, 0, 0, 0, 1, 0, 2, 5];
    table().fill(0);
    table().set(counts);
    const found = kernels.functions.occurring(address(0), kernels.heapBase, counts.length);
    expect([...new Uint32Array(kernels.memory.buffer, address(0), 2 * found)]).toEqual([1, 3, 8, 1, 10, 2, 11, 5]);
  });

  test("what is above the threshold is taken, and of what equals it the first ones", () => {
    for (const length of LENGTHS) {
      const values = coarse(length);
      for (const quota of [0, 1, 3, 100, 5000]) {
        put(0, precision, values);
        const kept = kernels.functions[`take_${precision}`](address(1), address(0), bitsOf(0.5), quota, length);
        let left = quota;
        const expected = values.map((value) => {
          if (Math.abs(value) === 0.5) return left-- > 0 ? value : 0;
          return Math.abs(value) > 0.5 ? value : 0;
        });
        expect(get(1, precision, length)).toEqual(expected.map((value) => value));
        expect(kept).toBe(Math.min(quota, values.filter((value) => Math.abs(value) === 0.5).length));
      }
    }
  });

  test("random numbers are those of the generator, wherever a block begins", () => {
    const { key, stream } = randomStream(7, "dare", "layer.weight", 1);
    const random = createRandom(7, "dare", "layer.weight", 1);
    const expected = Array.from({ length: 4200 }, () => random.uniform());
    for (const first of [0, 4, 64, 2048, 5, 2047]) {
      for (const length of LENGTHS) {
        kernels.functions[`random_${precision}`](address(0), key[0], key[1], stream, first, length);
        expect(get(0, precision, length)).toEqual(expected.slice(first, first + length));
      }
    }
  });

  test("a run goes on where the lower half of the counter ends", () => {
    const { key, stream } = randomStream(7, "far");
    const draw = (slot: number, first: number, length: number): number[] => {
      kernels.functions[`random_${precision}`](address(slot), key[0], key[1], stream, first, length);
      return get(slot, precision, length);
    };
    const border = 2 ** 34;
    expect(draw(0, border - 48, 96)).toEqual([...draw(1, border - 48, 48), ...draw(1, border, 48)]);
  });

  test("blocks far out draw from the upper half of the counter too", () => {
    const { key, stream } = randomStream(7, "far");
    const { functions } = kernels;
    functions[`random_${precision}`](address(0), key[0], key[1], stream, 2 ** 35, 4);
    functions[`random_${precision}`](address(1), key[0], key[1], stream, 0, 4);
    expect(get(0, precision, 4)).not.toEqual(get(1, precision, 4));
  });

  test.each([
    [1, 1],
    [7, 1],
    [48, 1],
    [49, 1],
    [300, 1],
    [5, 3],
    [60, 9],
  ])("rows of %i elements, %i apart, are reduced, spread and ranked", (length, inner) => {
    const blocks = Math.max(1, Math.floor(2000 / (length * inner)));
    const count = blocks * length * inner;
    const values = coarse(count);
    const other = coarse(count + 1).slice(1);
    put(0, precision, values);
    put(1, precision, other);
    const rows = blocks * inner;
    const rowOf = (i: number): number => Math.floor(i / (length * inner)) * inner + (i % inner);
    const members = Array.from({ length: rows }, (_, row) => values.flatMap((_, i) => (rowOf(i) === row ? [i] : [])));
    const { functions } = kernels;
    const near = (expected: readonly number[]): void => {
      get(2, "f64", rows).forEach((value, row) => {
        expect(Math.abs(value - expected[row])).toBeLessThan(1e-9);
      });
    };
    functions[`rowSum_${precision}`](address(2), address(0), rows, length, inner);
    near(members.map((row) => row.reduce((sum, i) => sum + values[i], 0)));
    functions[`rowLargest_${precision}`](address(2), address(0), rows, length, inner);
    near(members.map((row) => Math.max(...row.map((i) => values[i]))));
    functions[`rowDot_${precision}`](address(2), address(0), address(1), rows, length, inner);
    near(members.map((row) => row.reduce((sum, i) => sum + values[i] * other[i], 0)));
    const spread = get(2, "f64", rows);
    const start = Math.min(3, count - 1);
    functions[`spread_${precision}`](address(1), address(2), start, length, inner, count - start);
    expect(get(1, precision, count - start)).toEqual(values.slice(start).map((_, i) => spread[rowOf(i + start)]));
    const ranks = new Array<number>(count);
    for (const row of members) {
      row
        .toSorted((i, j) => Math.abs(values[i]) - Math.abs(values[j]) || i - j)
        .forEach((i, rank) => {
          ranks[i] = length === 1 ? 0.5 : rank / (length - 1);
        });
    }
    functions[`rank_${precision}`](address(1), address(0), kernels.heapBase, count, length, inner);
    get(1, precision, count).forEach((rank, i) => {
      expect(Math.abs(rank - ranks[i])).toBeLessThan(1e-6);
    });
  });

  test.each([
    ["normal", (random: Random) => random.normal()],
    ["mostly 0", (random: Random) => (random.uniform() < 0.7 ? 0 : random.normal())],
    ["few magnitudes", (random: Random) => (1 + random.integer(3)) / 4],
    ["heavy tails", (random: Random) => random.normal() / random.uniform() ** 2],
    ["all 0", () => 0],
    ["tiny", (random: Random) => random.normal() * 2 ** -130],
    ["with infinity and NaN", (random: Random) => [1, Number.NaN, Number.POSITIVE_INFINITY, 2][random.integer(4)]],
  ] as const)("numbers are compared with ranks as if rows were sorted: %s", (_, draw) => {
    for (const [length, inner] of [
      [1, 1],
      [48, 1],
      [49, 1],
      [50, 3],
      [331, 1],
      [2047, 1],
    ]) {
      const random = createRandom(8, "belowRank", length);
      const count = length * inner * Math.max(1, Math.floor(2048 / (length * inner)));
      put(
        0,
        precision,
        Array.from({ length: count }, () => draw(random)),
      );
      put(
        1,
        precision,
        Array.from({ length: count }, () => random.uniform()),
      );
      const [least, spread] = [0.35, 0.3].map(round[precision]);
      const { functions } = kernels;
      const scratch = address(5);
      functions[`rank_${precision}`](address(3), address(0), scratch, count, length, inner);
      const numbers = get(1, precision, count);
      const expected = get(3, precision, count).map((rank, i) =>
        numbers[i] < round[precision](least + round[precision](spread * rank)) ? 1 : 0,
      );
      functions[`belowRank_${precision}`](
        address(4),
        address(0),
        address(1),
        scratch,
        count,
        length,
        inner,
        least,
        spread,
      );
      expect(get(4, precision, count)).toEqual(expected);
    }
  });

  test("truths are packed as bits and unpacked", () => {
    for (const length of LENGTHS) {
      const random = createRandom(9, "bits", length);
      const truths = Array.from({ length }, () => random.integer(2));
      put(0, precision, truths);
      kernels.functions[`packBits_${precision}`](kernels.heapBase, address(0), length);
      const bits = new Uint8Array(kernels.memory.buffer, kernels.heapBase, Math.ceil(length / 8));
      expect(truths.map((_, i) => (bits[i >> 3] >> (i & 7)) & 1)).toEqual(truths);
      kernels.functions[`unpackBits_${precision}`](kernels.heapBase, address(1), length);
      expect(get(1, precision, length)).toEqual(truths);
    }
  });
});
