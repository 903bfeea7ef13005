import { evaluateEnsemble } from "../../evaluate/evaluate-ensemble.js";
import type { Score } from "../results.js";
import { ALL_TEST, defineStage } from "../stage.js";
import type { JudgeFacts } from "./judge-model.js";

/** Judges both parents together: the mean of what they hold likely. */
export const ensembleStage = defineStage<Readonly<Record<string, never>>, JudgeFacts>({
  id: "ensemble",
  revision: 1,
  reads: () => ALL_TEST,
  run: async (_settings, { a, b }, context) => {
    const { network, runtime, threads, signal } = context;
    const models = [
      { network, state: await a.state("model") },
      { network, state: await b.state("model") },
    ];
    const scores: Score[] = [];
    for (const dataset of [0, 1] as const) {
      const images = await context.images("test", dataset);
      const { accuracy, loss } = await evaluateEnsemble(models, images, { runtime, threads, signal });
      scores.push({ accuracy, loss });
    }
    return { facts: { scores: [scores[0], scores[1]] } };
  },
});
