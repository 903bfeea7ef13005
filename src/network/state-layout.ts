import type { Shape } from "../tensor/shape.js";

/** How an entry of the state is stored while it is trained. */
export interface StateLayout {
  /** Of the stored tensor; elementwise operations on it should not meet axes of size 1 at its end. */
  readonly shape: Shape;
  /** Shape that its units read it in; default the stored one. Same elements. */
  readonly view?: Shape;
  /**
   * For each stored place the place in PyTorch's order, −1 for one that only fills up and stays 0. Absent when the
   * order is the same.
   */
  readonly order?: Int32Array;
}

/** Brings numbers from PyTorch's order into the stored one. */
export function toStored(values: Float32Array, { order }: StateLayout): Float32Array {
  if (order === undefined) return values;
  return Float32Array.from(order, (place) => (place === -1 ? 0 : values[place]));
}

/** Brings stored numbers back into PyTorch's order; `count` is how many there are without filling. */
export function fromStored(
  stored: Float32Array,
  { order }: StateLayout,
  { count }: { readonly count: number },
): Float32Array {
  if (order === undefined) return stored.slice();
  const values = new Float32Array(count);
  for (const [i, place] of order.entries()) if (place !== -1) values[place] = stored[i];
  return values;
}
