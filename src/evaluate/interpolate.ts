import { OnebasinError } from "../core/errors.js";
import { isFloat } from "../tensor/dtype.js";
import { sameShape, shapeText } from "../tensor/shape.js";
import { createTensor, type StateDict, type Tensor, tensorNumbers } from "../tensor/tensor.js";

/**
 * A point between two state dicts.
 *
 *     (1 − t) · a + t · b
 *
 * @param t 0 gives `a`, 1 gives `b`; one for all, or one for each key
 * @returns in the dtypes of `a`; integers are those of `a`
 * @throws `mismatch` for keys or shapes that differ
 */
export function interpolate(a: StateDict, b: StateDict, t: number | ((key: string) => number)): StateDict {
  return new Map(
    [...a].map(([key, tensor]): [string, Tensor] => {
      if (!isFloat(tensor.dtype)) return [key, tensor];
      const other = b.get(key);
      if (other === undefined || !sameShape(other.shape, tensor.shape)) {
        const found = other === undefined ? "nothing" : shapeText(other.shape);
        throw new OnebasinError("mismatch", `Key "${key}": a has ${shapeText(tensor.shape)}, b has ${found}.`);
      }
      const share = typeof t === "number" ? t : t(key);
      const [from, to] = [tensorNumbers(tensor), tensorNumbers(other)];
      for (let i = 0; i < from.length; i++) from[i] = (1 - share) * from[i] + share * to[i];
      return [key, createTensor(tensor.dtype, tensor.shape, from)];
    }),
  );
}
