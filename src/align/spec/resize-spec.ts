import type { Shape } from "../../tensor/shape.js";
import { axisSize, groupsOfAxis, type PermutationSpec, type SpecAxis } from "./permutation-spec.js";

/**
 * The spec of a network of other widths: the same groups on the same axes, their sizes read from its tensors. Whether
 * these fit is for `checkSpec` to say.
 */
export function resizeSpec(
  spec: PermutationSpec,
  entries: ReadonlyMap<string, { readonly shape: Shape }>,
): PermutationSpec {
  const groups = new Map<string, number>();
  // Axes that are one group tell its size; one of several factors only where the others are known.
  for (const isPlain of [true, false]) {
    for (const [key, axes] of spec.axes) {
      const shape = entries.get(key)?.shape ?? [];
      for (const [i, axis] of axes.entries()) {
        if (shape[i] === undefined || isPlain !== (typeof axis === "string")) continue;
        const name = unknownGroup(axis, groups);
        if (name === undefined) continue;
        const size = typeof axis === "string" ? shape[i] : sizeWithin(axis, name, { size: shape[i], groups });
        if (Number.isInteger(size) && size > 0) groups.set(name, size);
      }
    }
  }
  return { groups: new Map([...spec.groups].map(([name, size]) => [name, groups.get(name) ?? size])), axes: spec.axes };
}

/** The group of an axis whose size is not known yet, where it is the only one. */
function unknownGroup(axis: SpecAxis, groups: ReadonlyMap<string, number>): string | undefined {
  const unknown = groupsOfAxis(axis).filter((group) => !groups.has(group));
  return unknown.length === 1 ? unknown[0] : undefined;
}

/** An axis' size grows evenly with that of a group in it. */
function sizeWithin(
  axis: SpecAxis,
  group: string,
  { size, groups }: { readonly size: number; readonly groups: ReadonlyMap<string, number> },
): number {
  const at = (units: number): number => axisSize(axis, new Map(groups).set(group, units));
  return (size - at(0)) / (at(1) - at(0));
}
