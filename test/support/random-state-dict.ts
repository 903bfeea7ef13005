import { createRandom } from "../../src/core/random.js";
import type { DType } from "../../src/tensor/dtype.js";
import { elementCount, type Shape } from "../../src/tensor/shape.js";
import { createTensor, type StateDict } from "../../src/tensor/tensor.js";

const LAYERS: readonly (readonly [key: string, dtype: DType, shape: Shape])[] = [
  ["conv.weight", "f32", [8, 3, 3, 3]],
  ["norm.weight", "f32", [8]],
  ["norm.bias", "f32", [8]],
  ["norm.running_mean", "f32", [8]],
  ["norm.running_var", "f32", [8]],
  ["norm.num_batches_tracked", "i64", []],
  // More elements than are read at once.
  ["hidden.weight", "bf16", [400, 200]],
  ["hidden.bias", "bf16", [400]],
  ["out.weight", "f16", [10, 400]],
  ["out.bias", "f16", [10]],
];

/** A small network with batch normalisation and three dtypes, other numbers for each seed. */
export function randomStateDict(seed: number): StateDict {
  return new Map(
    LAYERS.map(([key, dtype, shape]) => {
      const random = createRandom(seed, "test", key);
      const draw = key.endsWith("running_var") ? () => random.uniform() : () => random.normal();
      const values = dtype === "i64" ? [100 + seed] : Array.from({ length: elementCount(shape) }, draw);
      return [key, createTensor(dtype, shape, values)];
    }),
  );
}
