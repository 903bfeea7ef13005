import { dtypeBytes } from "../tensor/dtype.js";
import type { StateDict, Tensor } from "../tensor/tensor.js";
import { axisOrder, checkSpec, type Permutation, type PermutationSpec } from "./permutation-spec.js";

/**
 * Puts the units of a network in another order. Tensors that do not move are the same objects; others are copied.
 *
 * @throws `mismatch` when the spec does not fit the state dict
 */
export function applyPermutation(
  state: StateDict,
  permutation: Permutation,
  { spec, source = "the state dict" }: { readonly spec: PermutationSpec; readonly source?: string },
): StateDict {
  checkSpec(spec, state, { source });
  return new Map(
    [...state].map(([key, tensor]): [string, Tensor] => {
      const orders = spec.axes.get(key)?.map((axis) => axisOrder(axis, spec, permutation)) ?? [];
      return [key, orders.some((order) => order !== undefined) ? gather(tensor, orders) : tensor];
    }),
  );
}

/** The permutation that undoes another. */
export function invertPermutation(permutation: Permutation): Permutation {
  return new Map(
    [...permutation].map(([group, order]): [string, Uint32Array] => {
      const inverse = new Uint32Array(order.length);
      for (let place = 0; place < order.length; place++) inverse[order[place]] = place;
      return [group, inverse];
    }),
  );
}

/** Place `i` along each axis holds what was at `orders[axis][i]`; runs of axes that stay are copied as one. */
function gather({ dtype, shape, bytes }: Tensor, orders: readonly (Uint32Array | undefined)[]): Tensor {
  let last = orders.length - 1;
  while (orders[last] === undefined) last--;
  const run = shape.slice(last + 1).reduce((product, size) => product * size, 1) * dtypeBytes(dtype);
  const out = new Uint8Array(bytes.length);
  const single = run === 4 && bytes.byteOffset % 4 === 0;
  const from = single ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) : bytes;
  const into = single ? new Uint32Array(out.buffer) : out;
  const unit = single ? 1 : run;
  let at = 0;
  const copy = (axis: number, start: number): void => {
    const order = orders[axis];
    for (let i = 0; i < shape[axis]; i++) {
      const place = start * shape[axis] + (order === undefined ? i : order[i]);
      if (axis < last) copy(axis + 1, place);
      else if (single) into[at++] = from[place];
      else {
        into.set(from.subarray(place * unit, (place + 1) * unit), at);
        at += unit;
      }
    }
  };
  copy(0, 0);
  return { dtype, shape, bytes: out };
}
