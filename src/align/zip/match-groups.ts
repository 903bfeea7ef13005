import { OnebasinError } from "../../core/errors.js";
import type { BatchSource, RunOptions } from "../../data/mean-outputs.js";
import { type UnitValue, unitValues } from "../activations/unit-values.js";
import { featureMoments, meanCorrelations } from "./feature-moments.js";
import { matchFeatures } from "./match-features.js";
import { unitValueOf } from "./unit-value-of.js";
import type { ZipPart } from "./zip-part.js";

export interface MatchGroupsOptions extends BatchSource, RunOptions {
  readonly alpha: number;
  readonly beta: number;
  /** Which share of all units is kept as features; above 0, up to 1. */
  readonly keep: number;
}

/** What became of the units of a group. */
export interface ZippedGroup {
  readonly group: string;
  /** Units of each model. */
  readonly before: readonly number[];
  readonly after: number;
  /** How often features of one model were joined, and features of several. */
  readonly within: number;
  readonly across: number;
  /** Mean correlation of units that became one; 1 where none did. */
  readonly correlation: number;
  /** The feature that each unit became, for each model. */
  readonly featureOf: readonly Uint32Array[];
  /** How many units each feature was made of. */
  readonly counts: Uint32Array;
}

/**
 * Finds out which units of some trunks become one feature, by what they do on images.
 *
 * Cost: one forward pass of each trunk.
 *
 * @throws `unsupported` for a group that no value shows, `missing-data`, `non-finite`, `aborted`
 */
export async function matchGroups(parts: readonly ZipPart[], options: MatchGroupsOptions): Promise<ZippedGroup[]> {
  const [{ spec }] = parts;
  if (spec.groups.size === 0) return [];
  const values = parts.map(valuesToMatch);
  const moments = await featureMoments(
    parts.map(({ trunk }) => trunk),
    values[0].map((_, index) => values.map((of) => of[index])),
    options,
  );
  return [...spec.groups.keys()].map((group) => {
    const sizes = parts.map((part) => part.spec.groups.get(group)!);
    const units = sizes.reduce((sum, size) => sum + size, 0);
    const own = moments.filter((_, index) => values[0][index].group === group);
    if (own.length === 0) throw new OnebasinError("unsupported", `No value shows what the units of "${group}" do.`);
    const correlations = meanCorrelations(own);
    const kept = Math.max(1, Math.round(options.keep * units));
    const { featureOf, within, across } = matchFeatures(correlations.slice(), { ...options, sizes, kept });
    const counts = new Uint32Array(kept);
    for (const feature of featureOf) counts[feature]++;
    return {
      group,
      before: sizes,
      after: kept,
      within,
      across,
      correlation: meanCorrelation(correlations, featureOf),
      featureOf: byModel(featureOf, sizes),
      counts,
    };
  });
}

/**
 * What units do before and after their nonlinearity. The second is what other layers hear, but tells nothing of units
 * that these images never rouse.
 */
function valuesToMatch(part: ZipPart): UnitValue[] {
  const after: readonly UnitValue[] = unitValues(part.trunk.network, part.spec);
  const known = new Set(after.map(({ value }) => value));
  const before = part.split.layers.flatMap(({ value }) => unitValueOf(part, value) ?? []);
  return [...after, ...before.filter(({ value }) => !known.has(value))];
}

function byModel(featureOf: Uint32Array, sizes: readonly number[]): Uint32Array[] {
  let end = 0;
  return sizes.map((size) => {
    end += size;
    return featureOf.slice(end - size, end);
  });
}

/** Over all pairs of units that became one feature. */
function meanCorrelation(correlations: Float32Array, featureOf: Uint32Array): number {
  const units = featureOf.length;
  let [sum, pairs] = [0, 0];
  for (let i = 0; i < units; i++) {
    for (let j = i + 1; j < units; j++) {
      if (featureOf[i] !== featureOf[j]) continue;
      sum += correlations[i * units + j];
      pairs++;
    }
  }
  return pairs === 0 ? 1 : sum / pairs;
}
