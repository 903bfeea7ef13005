import { expect, test } from "vitest";
import { createRandom } from "../../core/random.js";
import { onnxRuntime } from "../../node/onnx-runtime.js";
import { floatsTensor, tensorFloats } from "../../tensor/float32.js";
import { elementCount, type Shape } from "../../tensor/shape.js";
import type { Tensor } from "../../tensor/tensor.js";
import { createMatrixProduct } from "../matrix-product.js";
import type { PermutationSpec } from "../spec/permutation-spec.js";
import { applyPermutation } from "./apply-permutation.js";
import { permutationMatrix } from "./group-matrices.js";
import { invertPermutation } from "./permutation.js";
import { randomPermutation } from "./random-permutation.js";
import { type MatrixOf, mapGradients, mappedTensors, mapTensor } from "./soft-maps.js";

const spec: PermutationSpec = {
  groups: new Map([
    ["x", 3],
    ["y", 4],
  ]),
  axes: new Map([
    ["plain", ["y", 2, "x"]],
    ["flat", ["y", { product: ["x", 2] }]],
    ["joined", [{ concat: ["x", "y", 2] }, "x"]],
    ["twice", ["x", "x"]],
    ["vector", ["y"]],
  ]),
};
const shapes: Record<string, Shape> = { plain: [4, 2, 3], flat: [4, 6], joined: [9, 3], twice: [3, 3], vector: [4] };
const noise = (key: string, count: number): Float32Array => {
  const random = createRandom(1, "soft maps", key);
  return Float32Array.from({ length: count }, () => random.normal());
};
const state = new Map(
  Object.entries(shapes).map(([key, shape]) => [key, floatsTensor(shape, noise(key, elementCount(shape)))]),
);
const tensors = mappedTensors(state.keys(), (key) => shapes[key], { from: spec, to: spec });
const product = await createMatrixProduct(onnxRuntime, { threads: 1 });
const matricesOf =
  (matrices: ReadonlyMap<string, Float32Array>): MatrixOf =>
  ({ group }) =>
    group === undefined ? undefined : matrices.get(group);

test("the matrices of a permutation do what the permutation does", async () => {
  const permutation = randomPermutation(spec, { seed: 1 });
  const unitValueOf = invertPermutation(permutation);
  const matrixOf = matricesOf(new Map([...unitValueOf].map(([group, places]) => [group, permutationMatrix(places)])));
  const expected = applyPermutation(state, permutation, { spec });
  for (const tensor of tensors) {
    const mapped = await mapTensor(tensorFloats(state.get(tensor.key) as Tensor), tensor, { matrixOf, product });
    expect(mapped).toEqual(tensorFloats(expected.get(tensor.key) as Tensor));
  }
});

test("gradients are those of differences", async () => {
  const matrices = new Map([...spec.groups].map(([group, size]) => [group, noise(group, size * size)]));
  for (const tensor of tensors) {
    const values = tensorFloats(state.get(tensor.key) as Tensor);
    const gradient = noise(`${tensor.key} gradient`, values.length);
    const loss = async (given: ReadonlyMap<string, Float32Array>): Promise<number> => {
      const mapped = await mapTensor(values, tensor, { matrixOf: matricesOf(given), product });
      return mapped.reduce((sum, value, i) => sum + value * gradient[i], 0);
    };
    const sums = new Map<string, Float64Array>();
    const found = await mapGradients({ values, gradient }, tensor, { matrixOf: matricesOf(matrices), product });
    for (const { atom, gradient: own } of found) {
      const sum = sums.get(atom.group as string) ?? new Float64Array(own.length);
      for (let i = 0; i < sum.length; i++) sum[i] += own[i];
      sums.set(atom.group as string, sum);
    }
    for (const [group, sum] of sums) {
      for (const i of sum.keys()) {
        const near = async (step: number): Promise<number> => {
          const moved = (matrices.get(group) as Float32Array).slice();
          moved[i] += step;
          return loss(new Map(matrices).set(group, moved));
        };
        // The loss is at most quadratic in one entry, so that only f32's rounding is left.
        expect(sum[i]).toBeCloseTo((await near(0.5)) - (await near(-0.5)), 3);
      }
    }
  }
});
