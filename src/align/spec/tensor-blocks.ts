import type { Shape } from "../../tensor/shape.js";
import { axisSize, type PermutationSpec, type SpecAxis } from "./permutation-spec.js";

/** Part of an axis that is one group, or stays. */
export interface Atom {
  readonly group?: string;
  /** Of the tensor. */
  readonly axis: number;
  readonly size: number;
  /** Distance, in elements, from one index to the next. */
  readonly stride: number;
}

/** A part of a tensor in which every axis is one group or stays: several where axes are concatenated. */
export interface Block {
  readonly offset: number;
  readonly atoms: readonly Atom[];
}

/**
 * Divides a tensor into blocks of atoms, the first atom slowest. One block alone is the whole tensor as it lies in
 * memory.
 */
export function blocksOf(
  axes: readonly SpecAxis[],
  shape: Shape,
  { groups }: Pick<PermutationSpec, "groups">,
): Block[] {
  let blocks: Block[] = [{ offset: 0, atoms: [] }];
  let stride = shape.reduce((product, size) => product * size, 1);
  for (const [i, axis] of axes.entries()) {
    stride /= Math.max(1, shape[i]);
    const parts = split({ axis, index: i }, stride, groups);
    blocks = blocks.flatMap(({ offset, atoms }) =>
      parts.map((part) => ({ offset: offset + part.offset, atoms: [...atoms, ...part.atoms] })),
    );
  }
  return blocks;
}

function split(
  { axis, index }: { readonly axis: SpecAxis; readonly index: number },
  stride: number,
  groups: ReadonlyMap<string, number>,
): Block[] {
  if (typeof axis === "number") return [{ offset: 0, atoms: [{ axis: index, size: axis, stride }] }];
  if (typeof axis === "string")
    return [{ offset: 0, atoms: [{ group: axis, axis: index, size: axisSize(axis, groups), stride }] }];
  if ("concat" in axis) {
    let start = 0;
    return axis.concat.flatMap((part) => {
      const blocks = split({ axis: part, index }, stride, groups).map(({ offset, atoms }) => ({
        offset: offset + start,
        atoms,
      }));
      start += axisSize(part, groups) * stride;
      return blocks;
    });
  }
  let blocks: Block[] = [{ offset: 0, atoms: [] }];
  let inner = stride * axisSize(axis, groups);
  for (const factor of axis.product) {
    inner /= Math.max(1, axisSize(factor, groups));
    const parts = split({ axis: factor, index }, inner, groups);
    blocks = blocks.flatMap(({ offset, atoms }) =>
      parts.map((part) => ({ offset: offset + part.offset, atoms: [...atoms, ...part.atoms] })),
    );
  }
  return blocks;
}

/** Where the elements of some atoms lie, the first slowest. */
export function placesOf(offset: number, atoms: readonly Atom[]): Uint32Array {
  let places = Uint32Array.of(offset);
  for (const { size, stride } of atoms) {
    const next = new Uint32Array(places.length * size);
    for (let outer = 0; outer < places.length; outer++) {
      for (let i = 0; i < size; i++) next[outer * size + i] = places[outer] + i * stride;
    }
    places = next;
  }
  return places;
}
