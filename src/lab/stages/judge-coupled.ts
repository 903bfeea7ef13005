import { judge, type Scores } from "../judge.js";
import { mergeStates } from "../merge-states.js";
import { repairMerged } from "../repair-merged.js";
import type { LabSettings } from "../settings/lab-settings.js";
import { ALL_TEST, ALL_TRAIN, defineStage } from "../stage.js";

export interface JudgeCoupledSettings {
  readonly seed: number;
  readonly repair: LabSettings["repair"];
}

export interface JudgeCoupledFacts {
  readonly a: Scores;
  readonly b: Scores;
  /** The mean of both. */
  readonly plain: Scores;
  readonly repaired: Scores;
  readonly perDataset?: Scores;
}

/** Judges the networks of `pair` and their average; leaves the average as `plain`, `repaired` and `perDataset`. */
export const judgeCoupledStage = defineStage<JudgeCoupledSettings, JudgeCoupledFacts>({
  id: "judge-coupled",
  revision: 1,
  reads: () => [...ALL_TRAIN, ...ALL_TEST],
  run: async ({ seed, repair }, { pair }, context) => {
    const { network } = context;
    const parents = [await pair.state("a"), await pair.state("b")] as const;
    const plain = await mergeStates(parents, { method: "mean" });
    const { repaired, perDataset } = await repairMerged(plain, { parents, seed, repair, perDataset: true }, context);
    return {
      facts: {
        a: await judge({ network, state: parents[0] }, context),
        b: await judge({ network, state: parents[1] }, context),
        plain: await judge({ network, state: plain }, context),
        repaired: await judge({ network, state: repaired }, context),
        ...(perDataset && { perDataset: await judge({ network, state: perDataset }, context) }),
      },
      states: { plain, repaired, ...(perDataset && { perDataset }) },
    };
  },
});
