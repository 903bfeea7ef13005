import type { Permutation } from "./permutation.js";

/** How far each unit of one network is taken to stand for each of another. */
export interface TransportPlan {
  /** Units of the model that is mapped, and of the one it is mapped onto. */
  readonly from: number;
  readonly to: number;
  /** [from, to]; not negative; each row sums to 1/from and each column to 1/to. */
  readonly shares: Float32Array;
}

/** What becomes of the units of one group: they are put in another order, or mixed. */
export type UnitMap = Uint32Array | TransportPlan;

/** One map a group. A network mapped by permutations alone computes what it did before. */
export type UnitMaps = ReadonlyMap<string, UnitMap>;

export const isPermutation = (maps: UnitMaps): maps is Permutation =>
  [...maps.values()].every((map) => map instanceof Uint32Array);
