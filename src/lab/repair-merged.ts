import { normalizationsOf } from "../repair/normalizations.js";
import { repair } from "../repair/repair.js";
import type { VarianceRatio } from "../repair/variance-ratios.js";
import type { StateDict } from "../tensor/tensor.js";
import type { LabSettings } from "./settings/lab-settings.js";
import type { StageContext } from "./stage.js";

export interface RepairMergedOptions {
  readonly parents: readonly [StateDict, StateDict];
  readonly seed: number;
  readonly repair: LabSettings["repair"];
  /** Whether statistics are also taken on each dataset alone; for networks with batch normalisation. */
  readonly perDataset?: boolean;
  /** Whether variances are measured. */
  readonly report?: boolean;
}

export interface RepairedBothWays {
  readonly repaired: StateDict;
  /** With statistics for each dataset beside the shared ones, where they were asked for. */
  readonly perDataset?: StateDict;
  readonly ratios?: readonly VarianceRatio[];
}

/** Puts the statistics of a merged network right on training images of both datasets. */
export async function repairMerged(
  state: StateDict,
  options: RepairMergedOptions,
  context: StageContext,
): Promise<RepairedBothWays> {
  const { parents, seed, report = false } = options;
  const { network, runtime, threads, signal } = context;
  const images = [await context.images("train", 0), await context.images("train", 1)];
  const perDataset = options.perDataset === true && normalizationsOf(network).length > 0;
  const { batch, batches } = options.repair;
  const fitting = Math.min(batch, 2 * Math.min(...images.map(({ count }) => count)));
  const { state: repaired, ratios } = await repair(
    { network, state },
    {
      runtime,
      threads,
      signal,
      seed,
      parents,
      report,
      perDataset,
      data: { images, batch: fitting - (fitting % images.length), batches },
      source: "the merged network",
    },
  );
  const shared = new Map([...repaired].filter(([key]) => state.has(key)));
  return { repaired: shared, ...(perDataset && { perDataset: repaired }), ratios };
}
