import { createRandom } from "../../core/random.js";
import type { PermutationSpec } from "../spec/permutation-spec.js";
import type { Permutation } from "./permutation.js";

/**
 * One random cycle through the units of each group, a function of (seed, name of the group): no unit stays where it
 * is, so that a group which must not move cannot do so unseen.
 */
export function randomPermutation(
  { groups }: PermutationSpec,
  { seed, only }: { readonly seed: number /** This group alone. */; readonly only?: string },
): Permutation {
  const names = only === undefined ? [...groups.keys()] : [only];
  return new Map(
    names.map((group) => {
      const units = groups.get(group) ?? 0;
      const cycle = createRandom(seed, "permutation", group).shuffle(Uint32Array.from({ length: units }, (_, i) => i));
      const order = new Uint32Array(units);
      for (const [i, place] of cycle.entries()) order[place] = cycle[(i + 1) % units];
      return [group, order];
    }),
  );
}
