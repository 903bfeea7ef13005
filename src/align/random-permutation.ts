import { createRandom } from "../core/random.js";
import type { Permutation, PermutationSpec } from "./permutation-spec.js";

/** One random order for each group, a function of (seed, name of the group). */
export function randomPermutation(
  { groups }: PermutationSpec,
  { seed, only }: { readonly seed: number /** This group alone. */; readonly only?: string },
): Permutation {
  const names = only === undefined ? [...groups.keys()] : [only];
  return new Map(
    names.map((group) => {
      const places = Uint32Array.from({ length: groups.get(group) ?? 0 }, (_, i) => i);
      return [group, createRandom(seed, "permutation", group).shuffle(places)];
    }),
  );
}
