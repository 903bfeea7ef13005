import { judge, type Scores } from "../judge.js";
import { ALL_TEST, defineStage } from "../stage.js";

export interface JudgeFacts {
  readonly scores: Scores;
}

/** Judges `model.model` on both test sets. */
export const judgeModelStage = defineStage<Readonly<Record<string, never>>, JudgeFacts>({
  id: "judge",
  revision: 1,
  reads: () => ALL_TEST,
  run: async (_settings, { model }, context) => {
    const state = await model.state("model");
    return { facts: { scores: await judge({ network: context.network, state }, context) } };
  },
});
