import type { UnitValue } from "../activations/unit-values.js";
import { describeAxis } from "../spec/derive-spec.js";
import { axisSize, type SpecAxis } from "../spec/permutation-spec.js";
import type { ZipPart } from "./zip-part.js";

/**
 * Where the units of a value of the trunk are; behind a flattening they are a factor of an axis.
 *
 * @returns `undefined` for a value that holds none or several groups
 */
export function unitValueOf({ derived, spec }: ZipPart, value: string): UnitValue | undefined {
  const rank = derived.shapes.shapes.get(value)?.length ?? 0;
  for (let axis = 1; axis < rank; axis++) {
    const described = describeAxis(derived.axes.structureOf(value, axis), derived);
    if (typeof described === "string") return { group: described, value, rank, axis };
    if (typeof described === "number" || !("product" in described) || rank !== 2) continue;
    const named = described.product.filter((it): it is string => typeof it === "string");
    const isPlain = described.product.every((it) => typeof it !== "object");
    if (named.length !== 1 || !isPlain) continue;
    const place = described.product.indexOf(named[0]);
    const size = (part: readonly SpecAxis[]): number =>
      part.reduce<number>((all, it) => all * axisSize(it, spec.groups), 1);
    const reshape = [
      -1,
      size(described.product.slice(0, place)),
      size([named[0]]),
      size(described.product.slice(place + 1)),
    ];
    return { group: named[0], value, reshape, rank: 4, axis: 2 };
  }
  return undefined;
}
