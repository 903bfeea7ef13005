import type { Shape } from "../tensor/shape.js";

/**
 * How an entry of the state is stored while it is trained. Whatever works element by element (an optimizer, a pull of
 * one network towards another) does not notice; what fills up is 0 and stays 0 under it.
 */
export interface StateLayout {
  /** Equal ids, equal layouts. */
  readonly id: string;
  /** Of the stored tensor; elementwise operations on it should not meet axes of size 1 at its end. */
  readonly shape: Shape;
  /**
   * For each stored place the place in PyTorch's order, −1 for one that only fills up. Made anew by each call: as
   * large as the tensor, and wanted only when a training begins and when its state is asked for. Absent when the order
   * is the same.
   */
  readonly order?: () => Int32Array;
}

/** An entry that is stored as PyTorch has it. */
export const plainLayout = (shape: Shape): StateLayout => ({ id: `plain ${shape.join(" ")}`, shape });

/** A list of numbers with zeros after it. */
export function vectorLayout(size: number, stored: number): StateLayout {
  if (size === stored) return plainLayout([size]);
  return {
    id: `vector ${size} of ${stored}`,
    shape: [stored],
    order: () => Int32Array.from({ length: stored }, (_, i) => (i < size ? i : -1)),
  };
}

/** Brings numbers from PyTorch's order into the stored one. */
export function toStored(values: Float32Array, { order }: StateLayout): Float32Array {
  if (order === undefined) return values;
  return Float32Array.from(order(), (place) => (place === -1 ? 0 : values[place]));
}

/** Brings stored numbers back into PyTorch's order; `count` is how many there are without filling. */
export function fromStored(
  stored: Float32Array,
  { order }: StateLayout,
  { count }: { readonly count: number },
): Float32Array {
  if (order === undefined) return stored.slice();
  const values = new Float32Array(count);
  for (const [i, place] of order().entries()) if (place !== -1) values[place] = stored[i];
  return values;
}
