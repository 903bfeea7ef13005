import type { PermutationSpec } from "../spec/permutation-spec.js";

/** One permutation a group: place `i` of the result holds the unit that was at place `order[i]`. */
export type Permutation = ReadonlyMap<string, Uint32Array>;

/** The permutation that leaves every unit where it is. */
export function identityPermutation({ groups }: Pick<PermutationSpec, "groups">): Permutation {
  return new Map([...groups].map(([group, units]) => [group, Uint32Array.from({ length: units }, (_, i) => i)]));
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
