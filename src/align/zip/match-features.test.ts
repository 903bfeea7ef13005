import { expect, test } from "vitest";
import { createRandom } from "../../core/random.js";
import { type MatchFeaturesOptions, matchFeatures } from "./match-features.js";

const usual: MatchFeaturesOptions = { sizes: [3, 3], kept: 3, alpha: 0.3, beta: 1 };

/** A symmetric matrix from its entries above the diagonal. */
function matrix(size: number, entries: Readonly<Record<string, number>>): Float32Array {
  const values = new Float32Array(size * size);
  for (const [place, value] of Object.entries(entries)) {
    const [i, j] = place.split(",").map(Number);
    values[i * size + j] = value;
    values[j * size + i] = value;
  }
  return values;
}

function randomMatrix(size: number, seed: number): Float32Array {
  const random = createRandom(seed, "similarities");
  const entries: Record<string, number> = {};
  for (let i = 0; i < size; i++) for (let j = i + 1; j < size; j++) entries[`${i},${j}`] = 2 * random.uniform() - 1;
  return matrix(size, entries);
}

test("the most similar units become one, in a model as across", () => {
  const similarities = matrix(6, { "0,1": 0.9, "2,4": 0.8, "3,5": 0.7, "0,3": 0.6, "1,5": 0.5 });
  const { featureOf, within, across } = matchFeatures(similarities, usual);
  expect([...featureOf]).toEqual([0, 0, 1, 2, 1, 2]);
  expect({ within, across }).toEqual({ within: 2, across: 1 });
});

test("a model spends no more on its own units than beta allows", () => {
  const similarities = matrix(6, { "0,1": 0.9, "2,4": 0.8, "3,5": 0.7, "0,3": 0.6, "1,5": 0.5 });
  const { featureOf, within } = matchFeatures(similarities, { ...usual, beta: 0 });
  expect(within).toBe(0);
  expect([...featureOf]).toEqual([0, 1, 2, 0, 2, 1]);
});

test.each([1, 2, 3])("without reuse and budget, each unit has one partner in the other model (seed %i)", (seed) => {
  const options = { sizes: [20, 20], kept: 20, alpha: 0, beta: 0 };
  const { featureOf } = matchFeatures(randomMatrix(40, seed), options);
  expect([...featureOf.subarray(0, 20)]).toEqual(Array.from({ length: 20 }, (_, i) => i));
  expect([...featureOf.subarray(20)].sort((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i));
});

test("a feature of several units is as similar as its least similar one, times alpha", () => {
  const similarities = matrix(4, { "0,2": 0.9, "0,1": 0.8, "1,2": 0.6, "1,3": 0.2 });
  const options = { sizes: [2, 2], kept: 2, beta: 0 };
  expect([...matchFeatures(similarities.slice(), { ...options, alpha: 1 }).featureOf]).toEqual([0, 0, 0, 1]);
  expect([...matchFeatures(similarities.slice(), { ...options, alpha: 0.3 }).featureOf]).toEqual([0, 1, 0, 1]);
});

test("as many features are left as asked for, whatever the sizes", () => {
  for (const kept of [1, 4, 9, 14]) {
    const { featureOf } = matchFeatures(randomMatrix(14, 5), { sizes: [3, 9, 2], kept, alpha: 0.5, beta: 0.5 });
    expect(new Set(featureOf).size).toBe(kept);
  }
});
