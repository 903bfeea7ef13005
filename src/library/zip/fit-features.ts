import type { UnitValue } from "../../align/activations/unit-values.js";
import { type FitUnmergeOptions, fitUnmerge } from "../../align/zip/fit-unmerge.js";
import type { Features } from "../../align/zip/map-units.js";
import type { ZippedGroup } from "../../align/zip/match-groups.js";
import { unitValueOf } from "../../align/zip/unit-value-of.js";
import type { Model } from "../../align/zip/zip-part.js";
import type { TrunkPlan } from "./plan-trunk.js";

/**
 * Fits how the units of some models are read from a value of the trunk.
 *
 * @param value its name in the trunk, which is that in the first model
 * @param given the trunk up to there; which models are fitted, each with its own trunk up to there
 * @returns the features of these models; `undefined` for a value that holds none, or several groups
 */
export async function fitFeatures(
  { parts, groups, features }: TrunkPlan,
  value: string,
  {
    trunk,
    models,
    ...options
  }: FitUnmergeOptions & {
    readonly trunk: Model;
    readonly models: readonly { readonly index: number; readonly model: Model }[];
  },
): Promise<Features[] | undefined> {
  const place = unitValueOf(parts[0], value);
  const group = groups.find((it) => it.group === place?.group);
  if (place === undefined || group === undefined) return undefined;
  const matrices = await fitUnmerge(
    models.map(({ index, model }) => ({
      model,
      place: unitValueOf(parts[index], parts[index].names.get(value)!)!,
      featureOf: group.featureOf[index],
    })),
    { model: trunk, place: placeInTrunk(place, group), features: group.after },
    options,
  );
  return models.map(({ index }, i) => {
    const own = features[index];
    return new Map([...own, [group.group, { ...own.get(group.group)!, unmerge: matrices[i] }]]);
  });
}

/** The place of a group where it holds features. */
const placeInTrunk = (place: UnitValue, { after }: ZippedGroup): UnitValue => ({
  ...place,
  ...(place.reshape && { reshape: place.reshape.map((size, axis) => (axis === place.axis ? after : size)) }),
});
