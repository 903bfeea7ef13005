import type { TransportPlan, UnitMaps } from "./unit-maps.js";

/** How many units moved, of how many, by group. */
export type MovedUnits = ReadonlyMap<string, { readonly units: number; readonly moved: number }>;

/** Counts units that are no longer where they were. One that was mixed is where most of it was. */
export const countMoved = (maps: UnitMaps): MovedUnits =>
  new Map(
    [...maps].map(([group, map]) => {
      const order = map instanceof Uint32Array ? map : strongest(map);
      return [group, { units: order.length, moved: order.reduce((sum, place, i) => sum + (place === i ? 0 : 1), 0) }];
    }),
  );

/** The unit that most of each new unit comes from. */
function strongest({ from, to, shares }: TransportPlan): Uint32Array {
  return Uint32Array.from({ length: to }, (_, place) => {
    let best = 0;
    for (let unit = 1; unit < from; unit++) if (shares[unit * to + place] > shares[best * to + place]) best = unit;
    return best;
  });
}
