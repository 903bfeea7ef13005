import type { BatchSource, RunOptions } from "../../data/mean-outputs.js";
import { type ChannelMoments, channelMoments } from "../../repair/channel-moments.js";
import type { StateDict } from "../../tensor/tensor.js";
import type { MergedTrunk } from "./merge-trunk.js";
import type { TrunkPlan } from "./plan-trunk.js";

/** How much of the variance of the units that it was made of a layer keeps; 1 is all. */
export interface VarianceKept {
  /** In a trunk that was neither fitted nor repaired. */
  readonly varianceBefore: number;
  readonly varianceAfter: number;
}

/** Measures the layers of a merged trunk, in the order of the plan. */
export async function varianceKept(
  { layers, target }: TrunkPlan,
  { network, state, plain }: MergedTrunk,
  options: BatchSource & RunOptions,
): Promise<VarianceKept[]> {
  const values = layers.map(({ value }) => value);
  const measure = (of: StateDict) => channelMoments({ network, state: of }, values, options);
  const [before, after] = [await measure(plain), await measure(state)];
  const total = (of: ChannelMoments | undefined): number => of?.variance.reduce((sum, it) => sum + it, 0) ?? 0;
  return values.map((value) => {
    const wanted = Math.max(total(target.get(value)), Number.MIN_VALUE);
    return {
      varianceBefore: total(before.get(value)) / wanted,
      varianceAfter: total(after.get(value)) / wanted,
    };
  });
}
