import { OnebasinError, throwProblems } from "../core/errors.js";
import { type Shape, shapeText } from "../tensor/shape.js";

/**
 * What an axis of a tensor is made of: a group by its name, places that stay where they are by their number, or
 * several of these: a `product` runs over its factors, the first slowest, as flattening [units, h, w] does; a `concat`
 * is its parts one after the other.
 */
export type SpecAxis =
  | string
  | number
  | { readonly product: readonly SpecAxis[] }
  | { readonly concat: readonly SpecAxis[] };

/**
 * Which axes of which tensors move together when the units of a network are put in another order. Every choice of
 * one permutation a group leaves what the network computes alone.
 */
export interface PermutationSpec {
  /** Number of units of each group, by its name: the layer that makes the units. */
  readonly groups: ReadonlyMap<string, number>;
  /** One entry an axis, by key. Tensors that are not named stay as they are. */
  readonly axes: ReadonlyMap<string, readonly SpecAxis[]>;
}

/** One permutation a group: place `i` of the result holds the unit that was at place `order[i]`. */
export type Permutation = ReadonlyMap<string, Uint32Array>;

/** The permutation that leaves every unit where it is. */
export function identityPermutation({ groups }: Pick<PermutationSpec, "groups">): Permutation {
  return new Map([...groups].map(([group, units]) => [group, Uint32Array.from({ length: units }, (_, i) => i)]));
}

/** How many indices an axis has. */
export function axisSize(axis: SpecAxis, groups: ReadonlyMap<string, number>): number {
  if (typeof axis === "number") return axis;
  if (typeof axis === "string") return groups.get(axis) ?? 0;
  if ("product" in axis) return axis.product.reduce<number>((size, factor) => size * axisSize(factor, groups), 1);
  return axis.concat.reduce<number>((size, part) => size + axisSize(part, groups), 0);
}

/** The groups an axis is made of, each as often as it occurs. */
export function groupsOfAxis(axis: SpecAxis): string[] {
  if (typeof axis === "number") return [];
  if (typeof axis === "string") return [axis];
  return ("product" in axis ? axis.product : axis.concat).flatMap(groupsOfAxis);
}

/** The order of an axis' indices under a permutation; `undefined` where nothing moves. */
export function axisOrder(axis: SpecAxis, spec: PermutationSpec, permutation: Permutation): Uint32Array | undefined {
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

/**
 * Checks that a spec fits the tensors it is used on.
 *
 * @param source what the tensors are called in messages
 * @throws `mismatch` with all that does not fit: keys that are missing, axes of another number or size
 */
export function checkSpec(
  spec: PermutationSpec,
  entries: ReadonlyMap<string, { readonly shape: Shape }>,
  { source }: { readonly source: string },
): void {
  const problems: OnebasinError[] = [];
  for (const [key, axes] of spec.axes) {
    const shape = entries.get(key)?.shape;
    const problem = (message: string): void => {
      problems.push(new OnebasinError("mismatch", message, { details: { key, source } }));
    };
    if (shape === undefined) {
      problem(`The permutation spec names key "${key}", which ${source} does not have.`);
    } else if (shape.length !== axes.length || axes.some((axis, i) => axisSize(axis, spec.groups) !== shape[i])) {
      const sizes = axes.map((axis) => axisSize(axis, spec.groups));
      problem(`Key "${key}": ${source} has ${shapeText(shape)}, the permutation spec describes ${shapeText(sizes)}.`);
    }
  }
  throwProblems(problems, `the permutation spec for ${source}`);
}
