import { OnebasinError, throwProblems } from "../../core/errors.js";
import { type Shape, shapeText } from "../../tensor/shape.js";

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
