import type { ZippedGroup } from "../../align/zip/match-groups.js";
import type { ZipPart } from "../../align/zip/zip-part.js";
import type { BatchSource, RunOptions } from "../../data/mean-outputs.js";
import { type ChannelMoments, channelMoments } from "../../repair/channel-moments.js";
import type { TrunkLayer } from "./plan-trunk.js";

/** Mean and deviation that units of a trunk should have: the mean of those that they were made of. */
export async function trunkTarget(
  parts: readonly ZipPart[],
  layers: readonly TrunkLayer[],
  options: BatchSource & RunOptions,
): Promise<ReadonlyMap<string, ChannelMoments>> {
  const parents: ReadonlyMap<string, ChannelMoments>[] = [];
  const valuesOf = ({ split }: ZipPart): string[] => split.layers.map(({ value }) => value);
  for (const part of parts) parents.push(await channelMoments(part.trunk, valuesOf(part), options));
  return new Map(
    layers.map(({ value, group }, index) => {
      const moments = parts.map((part, model) => parents[model].get(valuesOf(part)[index])!);
      return [value, mergedMoments(moments, group)];
    }),
  );
}

function mergedMoments(parents: readonly ChannelMoments[], group: ZippedGroup | undefined): ChannelMoments {
  const mean = new Float64Array(group?.after ?? 1);
  const deviation = new Float64Array(mean.length);
  for (const [model, moments] of parents.entries()) {
    for (const [unit, value] of moments.mean.entries()) {
      const feature = group?.featureOf[model][unit] ?? 0;
      const share = 1 / (group?.counts[feature] ?? parents.length);
      mean[feature] += share * value;
      deviation[feature] += share * Math.sqrt(moments.variance[unit]);
    }
  }
  return { mean, variance: deviation.map((it) => it * it) };
}
