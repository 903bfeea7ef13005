import { createRandom } from "../core/random.js";
import { elementCount } from "../tensor/shape.js";
import type { StateDict, Tensor } from "../tensor/tensor.js";
import { createTensor } from "../tensor/tensor.js";
import type { Network, StateEntry } from "./graph.js";

/**
 * The state of a network just built: PyTorch's distributions, each number a function of (seed, key, place) alone,
 * so that networks which share a key and a seed share its values.
 *
 * @param seed any integer; its low 32 bits are used
 */
export function createInitialState(network: Network, { seed }: { readonly seed: number }): StateDict {
  return new Map([...network.state].map(([key, entry]) => [key, initialTensor(key, entry, seed)]));
}

function initialTensor(key: string, { shape, dtype, initial }: StateEntry, seed: number): Tensor {
  const values = new Float64Array(elementCount(shape));
  if (initial.kind === "constant") return createTensor(dtype, shape, values.fill(initial.value));
  const random = createRandom(seed, "init", key);
  for (let i = 0; i < values.length; i++) {
    values[i] =
      initial.kind === "uniform" ? (2 * random.uniform() - 1) * initial.bound : random.normal() * initial.deviation;
  }
  return createTensor(dtype, shape, values);
}
