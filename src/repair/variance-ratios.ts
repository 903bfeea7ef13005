import type { Network } from "../network/graph.js";
import { layersOf } from "../network/layers-of.js";
import type { ChannelMoments } from "./channel-moments.js";

/** How much of its parents' variance a layer of a merged network keeps; 1 is all, 0 is none. */
export interface VarianceRatio {
  readonly layer: string;
  readonly before: number;
  readonly after: number;
}

/** Mean and deviation that units of a merged network should have: those of its parents, mixed as their weights are. */
export function mixedMoments(parents: readonly ChannelMoments[], weights: readonly number[]): ChannelMoments {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mix = (of: (moments: ChannelMoments) => Float64Array): Float64Array =>
    of(parents[0]).map((_, channel) =>
      parents.reduce((sum, moments, i) => sum + (weights[i] / total) * of(moments)[channel], 0),
    );
  const deviation = mix(({ variance }) => variance.map(Math.sqrt));
  return { mean: mix(({ mean }) => mean), variance: deviation.map((value) => value * value) };
}

/** Variance of each layer as a share of what its parents have, before and after a repair. */
export function varianceRatios(
  network: Network,
  moments: {
    readonly target: ReadonlyMap<string, ChannelMoments>;
    readonly before: ReadonlyMap<string, ChannelMoments>;
    readonly after: ReadonlyMap<string, ChannelMoments>;
  },
): VarianceRatio[] {
  const total = (of: ChannelMoments | undefined): number => of?.variance.reduce((sum, value) => sum + value, 0) ?? 0;
  return layersOf(network).map(({ name, value }) => {
    const wanted = Math.max(total(moments.target.get(value)), Number.MIN_VALUE);
    return {
      layer: name,
      before: total(moments.before.get(value)) / wanted,
      after: total(moments.after.get(value)) / wanted,
    };
  });
}
