import { createRandom } from "../../core/random.js";
import type { AssignmentSolver } from "../assignment/assignment-solver.js";
import type { PermutationSpec } from "../spec/permutation-spec.js";
import type { Permutation } from "./permutation.js";

/** For each group how much of each unit goes to each place: [units, places], rows and columns sum to 1. */
export type GroupMatrices = ReadonlyMap<string, Float32Array>;

/** The matrix that takes each unit to one place. */
export function permutationMatrix(unitValueOf: Uint32Array): Float32Array {
  const units = unitValueOf.length;
  const matrix = new Float32Array(units * units);
  for (const [unit, place] of unitValueOf.entries()) matrix[unit * units + place] = 1;
  return matrix;
}

/** A part of the way from one to the other, group by group. */
export function blendMatrices(from: GroupMatrices, to: GroupMatrices, share: number): GroupMatrices {
  return new Map(
    [...from].map(([group, own]) => {
      const other = to.get(group) as Float32Array;
      return [group, own.map((value, i) => value + share * (other[i] - value))];
    }),
  );
}

/** Every unit at every place alike: where nothing is known yet. */
export function evenMatrices({ groups }: PermutationSpec): GroupMatrices {
  return new Map([...groups].map(([group, units]) => [group, new Float32Array(units * units).fill(1 / units)]));
}

/** Random permutations, a function of (seed, name of the group). */
export function randomMatrices({ groups }: PermutationSpec, { seed }: { readonly seed: number }): GroupMatrices {
  return new Map(
    [...groups].map(([group, units]) => {
      const order = Uint32Array.from({ length: units }, (_, i) => i);
      return [group, permutationMatrix(createRandom(seed, "random matrices", group).shuffle(order))];
    }),
  );
}

/** The permutation that is nearest: the units of each group in the order of the places. */
export function nearestPermutation(matrices: GroupMatrices, solver: AssignmentSolver): Permutation {
  return new Map(
    [...matrices].map(([group, matrix]) => {
      const units = Math.sqrt(matrix.length);
      const order = new Uint32Array(units);
      const places = solver.assign(matrix, { rows: units, columns: units });
      for (const [unit, place] of places.entries()) order[place] = unit;
      return [group, order];
    }),
  );
}
