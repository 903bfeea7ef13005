import type { Shape } from "../../tensor/shape.js";
import type { PermutationSpec } from "../spec/permutation-spec.js";
import { blocksOf, placesOf } from "../spec/tensor-blocks.js";
import type { Permutation } from "../unit-maps/permutation.js";

/** One place where a group's units occur in a tensor: which numbers belong to which unit. */
export interface Occurrence {
  readonly key: string;
  readonly group: string;
  /** Of the tensor: where the units lie. */
  readonly axis: number;
  readonly units: number;
  /** Distance, in elements, from one unit to the next. */
  readonly stride: number;
  /** Numbers of one unit: where they lie for unit 0, in elements of the tensor. */
  readonly rest: Uint32Array;
  /** The axes that the numbers of a unit run over, the first slowest, and the groups they move with. */
  readonly others: readonly { readonly group?: string; readonly size: number }[];
}

/** Every place where groups occur in a tensor. A group that occurs twice in it has two. */
export function occurrencesOf(key: string, shape: Shape, spec: PermutationSpec): Occurrence[] {
  const described = spec.axes.get(key);
  if (described === undefined) return [];
  const found: Occurrence[] = [];
  for (const { offset, atoms } of blocksOf(described, shape, spec)) {
    for (const [place, { group, axis, size, stride }] of atoms.entries()) {
      if (group === undefined) continue;
      const others = atoms.filter((_, i) => i !== place);
      found.push({
        key,
        group,
        axis,
        units: size,
        stride,
        rest: placesOf(offset, others),
        others,
      });
    }
  }
  return found;
}

/** The order of a unit's numbers when the groups they move with are permuted. */
export function restOrder({ others }: Occurrence, permutation: Permutation): Uint32Array {
  let order = new Uint32Array(1);
  for (const { group, size } of others) {
    const inner = group === undefined ? undefined : permutation.get(group);
    const next = new Uint32Array(order.length * size);
    for (let outer = 0; outer < order.length; outer++) {
      for (let i = 0; i < size; i++)
        next[outer * size + i] = order[outer] * size + (inner === undefined ? i : inner[i]);
    }
    order = next;
  }
  return order;
}

/** The numbers of an occurrence row by row: one row for each place of `rest`, one column for each unit. */
export interface UnitRows {
  readonly values: Float32Array;
  /** Where each row begins. */
  readonly starts: Uint32Array;
}

/** Columns copied at a time, so that both sides of a transposition stay in the cache. */
const TILE = 64;

/** Rows of an occurrence: where they lie in the tensor if units are neighbours there, else a copy. */
export function unitRows(values: Float32Array, { units, stride, rest }: Occurrence): UnitRows {
  if (stride === 1) return { values, starts: rest };
  const copy = new Float32Array(rest.length * units);
  for (let from = 0; from < units; from += TILE) {
    const to = Math.min(units, from + TILE);
    for (let row = 0; row < rest.length; row++) {
      const start = rest[row];
      for (let unit = from; unit < to; unit++) copy[row * units + unit] = values[start + unit * stride];
    }
  }
  return { values: copy, starts: Uint32Array.from(rest, (_, row) => row * units) };
}
