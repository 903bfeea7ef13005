import type { BufferPolicy } from "../../merge/merge-options.js";
import type { VarianceRatio } from "../../repair/variance-ratios.js";
import { judge, type Scores } from "../judge.js";
import { mergeStates } from "../merge-states.js";
import { repairMerged } from "../repair-merged.js";
import type { LabSettings } from "../settings/lab-settings.js";
import { ALL_TEST, ALL_TRAIN, defineStage } from "../stage.js";

export interface MergeSettings {
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly buffers: BufferPolicy;
  readonly seed: number;
  readonly repair: LabSettings["repair"];
  /** Whether it is also judged with statistics for each dataset. */
  readonly perDataset: boolean;
  /** Whether what layers keep of their parents' variance is measured. */
  readonly variances: boolean;
}

export interface MergeFacts {
  readonly plain: Scores;
  readonly repaired: Scores;
  /** Absent unless asked for, and without batch normalisation. */
  readonly perDataset?: Scores;
  readonly ratios?: readonly VarianceRatio[];
}

/**
 * Merges `a` and `b` (`start` is their base, if there is one), repairs the result and judges it plain and repaired;
 * leaves `plain`, `repaired` and `perDataset`.
 */
export const mergeStage = defineStage<MergeSettings, MergeFacts>({
  id: "merge",
  revision: 1,
  reads: () => [...ALL_TRAIN, ...ALL_TEST],
  run: async (settings, inputs, context) => {
    const { method, params, buffers, seed, repair, variances } = settings;
    const { network, report } = context;
    const pair = inputs.pair;
    const parents = [
      await (pair === undefined ? inputs.a.state("model") : pair.state("a")),
      await (pair === undefined ? inputs.b.state("model") : pair.state("b")),
    ] as const;
    const base = await pair?.state("start");
    const plain = await mergeStates(parents, { method, params, buffers, seed, base });
    report(0.2);
    const { repaired, perDataset, ratios } = await repairMerged(
      plain,
      { parents, seed, repair, perDataset: settings.perDataset, report: variances },
      context,
    );
    report(0.6);
    return {
      facts: {
        plain: await judge({ network, state: plain }, context),
        repaired: await judge({ network, state: repaired }, context),
        ...(perDataset && { perDataset: await judge({ network, state: perDataset }, context) }),
        ...(ratios && { ratios }),
      },
      states: { plain, repaired, ...(perDataset && { perDataset }) },
    };
  },
});
