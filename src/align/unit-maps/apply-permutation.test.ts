import { describe, expect, test } from "vitest";
import { parseArchitecture } from "../../network/parse-architecture.js";
import { createTensor, type StateDict } from "../../tensor/tensor.js";
import { derivePermutationSpec } from "../spec/derive-spec.js";
import { checkSpec, type PermutationSpec } from "../spec/permutation-spec.js";
import { applyPermutation } from "./apply-permutation.js";
import { invertPermutation } from "./permutation.js";
import { randomPermutation } from "./random-permutation.js";

const vgg = parseArchitecture("vgg16:width=0.0625").network;

describe("applying a permutation", () => {
  test("and its inverse gives the same bytes back, in every dtype", () => {
    const spec: PermutationSpec = {
      groups: new Map([
        ["a", 5],
        ["b", 3],
      ]),
      axes: new Map([
        ["f64", ["a", { product: ["b", 2] }]],
        ["bf16", [2, { concat: ["a", "b", 1] }, 3]],
        ["i64", ["b"]],
        ["u8", ["a", "a"]],
      ]),
    };
    const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
    const state: StateDict = new Map([
      ["f64", createTensor("f64", [5, 6], numbers(30))],
      ["bf16", createTensor("bf16", [2, 9, 3], numbers(54))],
      ["i64", createTensor("i64", [3], numbers(3))],
      ["u8", createTensor("u8", [5, 5], numbers(25))],
      ["other", createTensor("f32", [], [1])],
    ]);
    const permutation = randomPermutation(spec, { seed: 1 });
    const moved = applyPermutation(state, permutation, { spec });
    expect(moved).not.toEqual(state);
    expect(applyPermutation(moved, invertPermutation(permutation), { spec })).toEqual(state);
  });

  test("is refused with every key that does not fit", () => {
    const spec = derivePermutationSpec(vgg);
    expect(() => checkSpec(spec, parseArchitecture("vgg16:width=0.125").network.state, { source: "b.pth" })).toThrow(
      'Key "block_1.0.weight": b.pth has [8, 1, 3, 3], the permutation spec describes [4, 1, 3, 3].',
    );
  });
});
