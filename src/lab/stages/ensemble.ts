import { judgeTogether } from "../judge.js";
import { ALL_TEST, defineStage } from "../stage.js";
import type { JudgeFacts } from "./judge-model.js";

/** Judges both parents together: the mean of what they hold likely. */
export const ensembleStage = defineStage<Readonly<Record<string, never>>, JudgeFacts>({
  id: "ensemble",
  revision: 1,
  reads: () => ALL_TEST,
  run: async (_settings, { a, b }, context) => {
    const { network } = context;
    const members = [
      { network, state: await a.state("model") },
      { network, state: await b.state("model") },
    ];
    return { facts: { scores: await judgeTogether(members, context) } };
  },
});
