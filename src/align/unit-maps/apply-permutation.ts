import { dtypeBytes } from "../../tensor/dtype.js";
import type { StateDict, Tensor } from "../../tensor/tensor.js";
import { axisSize, checkSpec, groupsOfAxis, type PermutationSpec, type SpecAxis } from "../spec/permutation-spec.js";
import type { Permutation } from "./permutation.js";

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

/** The order of an axis' indices under a permutation; `undefined` where nothing moves. */
function axisOrder(axis: SpecAxis, spec: PermutationSpec, permutation: Permutation): Uint32Array | undefined {
  if (!groupsOfAxis(axis).some((group) => permutation.has(group))) return undefined;
  return Uint32Array.from(orderOf(axis, spec.groups, permutation));
}

function orderOf(axis: SpecAxis, groups: ReadonlyMap<string, number>, permutation: Permutation): ArrayLike<number> {
  const places = (): number[] => Array.from({ length: axisSize(axis, groups) }, (_, i) => i);
  if (typeof axis === "number") return places();
  if (typeof axis === "string") return permutation.get(axis) ?? places();
  if ("concat" in axis) {
    const joined: number[] = [];
    let start = 0;
    for (const part of axis.concat) {
      for (const place of Array.from(orderOf(part, groups, permutation))) joined.push(place + start);
      start = joined.length;
    }
    return joined;
  }
  let orders: number[] = [0];
  for (const factor of axis.product) {
    const order = Array.from(orderOf(factor, groups, permutation));
    orders = orders.flatMap((outer) => order.map((place) => outer * order.length + place));
  }
  return orders;
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
