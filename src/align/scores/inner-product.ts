import { tensorFloats } from "../../tensor/float32.js";
import { elementCount } from "../../tensor/shape.js";
import type { StateDict } from "../../tensor/tensor.js";

/** Σ a · b over the given keys of two state dicts in f32, in f64. */
export function innerProduct(a: StateDict, b: StateDict, keys: Iterable<string>): number {
  let total = 0;
  for (const key of keys) {
    const [first, second] = [a.get(key), b.get(key)];
    if (first === undefined || second === undefined || elementCount(first.shape) === 0) continue;
    const [x, y] = [tensorFloats(first), tensorFloats(second)];
    let sum = 0;
    for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
    total += sum;
  }
  return total;
}
