import { floatsTensor, tensorFloats } from "../../tensor/float32.js";
import type { StateDict, Tensor } from "../../tensor/tensor.js";

/** The mean of all state dicts but one, over the given keys, in f32. */
export function meanOfOthers(states: readonly StateDict[], left: number, keys: readonly string[]): StateDict {
  const others = states.filter((_, i) => i !== left);
  return new Map(
    keys.map((key) => {
      const tensors = others.map((state) => state.get(key) as Tensor);
      const sum = new Float32Array(tensorFloats(tensors[0]).length);
      for (const tensor of tensors) {
        const values = tensorFloats(tensor);
        for (let i = 0; i < sum.length; i++) sum[i] += values[i] / others.length;
      }
      return [key, floatsTensor(tensors[0].shape, sum)];
    }),
  );
}
