import type { Features, GroupFeatures } from "../../align/zip/map-units.js";
import { type MatchGroupsOptions, matchGroups, type ZippedGroup } from "../../align/zip/match-groups.js";
import { unitValueOf } from "../../align/zip/unit-value-of.js";
import { type ZipPart, zipPart } from "../../align/zip/zip-part.js";
import type { Head } from "../../network/join-heads.js";
import type { ChannelMoments } from "../../repair/channel-moments.js";
import { trunkTarget } from "./trunk-target.js";

/** A layer of a trunk. */
export interface TrunkLayer {
  readonly name: string;
  /** What it gives before the nonlinearity, in the trunk of the first model. */
  readonly value: string;
  /** Its units; absent for one that has a single one. */
  readonly group?: ZippedGroup;
}

/** What is known of a trunk before its tensors are merged. */
export interface TrunkPlan {
  readonly parts: readonly ZipPart[];
  readonly groups: readonly ZippedGroup[];
  /** What became of each model's units. */
  readonly features: readonly Features[];
  readonly layers: readonly TrunkLayer[];
  /** Mean and deviation that its units should have, by the value of each layer. */
  readonly target: ReadonlyMap<string, ChannelMoments>;
}

/**
 * Cuts models of one structure behind their first layers, and finds out which of their units become one feature.
 *
 * @throws `unsupported`, `missing-data`, `non-finite`, `aborted`
 */
export async function planTrunk(
  models: readonly Head[],
  depth: number,
  options: MatchGroupsOptions,
): Promise<TrunkPlan> {
  const parts = models.map((model) => zipPart(model, { depth, first: models[0].network }));
  const groups = await matchGroups(parts, options);
  const [first] = parts;
  const layers = first.split.layers.map(({ name, value }): TrunkLayer => {
    const group = groups.find((it) => it.group === unitValueOf(first, value)?.group);
    return { name, value, ...(group && { group }) };
  });
  return {
    parts,
    groups,
    features: parts.map(
      (_, model) =>
        new Map(groups.map((it): [string, GroupFeatures] => [it.group, { ...it, featureOf: it.featureOf[model] }])),
    ),
    layers,
    target: await trunkTarget(parts, layers, options),
  };
}
