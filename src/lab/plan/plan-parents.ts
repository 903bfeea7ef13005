import type { Scores } from "../judge.js";
import type { LabSettings } from "../settings/lab-settings.js";
import type { StageKind } from "../stage.js";
import { ensembleStage } from "../stages/ensemble.js";
import { type JudgeFacts, judgeModelStage } from "../stages/judge-model.js";
import { trainStage } from "../stages/train.js";
import { judgeCost, trainCost } from "./costs.js";
import type { Part, Row, Template } from "./part.js";

const judged = (facts: unknown): Scores => (facts as JudgeFacts).scores;

/** The two parents, what they come to together, and one network trained on both datasets. */
export function planParents(settings: LabSettings): Part {
  const { data, training } = settings;
  const train = (id: string, datasets: readonly (0 | 1)[], offset: number): Template => ({
    id: `train-${id}`,
    title: `Train a network on ${datasets.map((dataset) => data[dataset]).join(" and ")}`,
    kind: trainStage as StageKind,
    settings: (seed) => ({ seed: seed + offset, datasets, training }),
    inputs: {},
    cost: trainCost(settings, datasets.length),
  });
  const score = (id: string): Template => ({
    id: `judge-${id}`,
    title: `Judge the network trained on ${id === "both" ? "both" : data[id === "a" ? 0 : 1]}`,
    kind: judgeModelStage as StageKind,
    settings: () => ({}),
    inputs: { model: `train-${id}` },
    cost: judgeCost(settings),
  });
  const row = { repair: "plain", isMerged: false, scores: judged } as const;
  return {
    templates: [
      train("a", [0], 0),
      train("b", [1], 1),
      train("both", [0, 1], 0),
      score("a"),
      score("b"),
      score("both"),
      {
        id: "ensemble",
        title: "Judge both parents together",
        kind: ensembleStage as StageKind,
        settings: () => ({}),
        inputs: { a: "train-a", b: "train-b" },
        cost: 2 * judgeCost(settings),
      },
    ],
    rows: [
      ...(["a", "b"] as const).map((id, place): Row => {
        const other = place === 0 ? "" : ", from other random weights";
        return {
          ...row,
          id: `parent-${id}`,
          group: "parents",
          title: `Trained on ${data[place]}`,
          detail: `The ${place === 0 ? "first" : "second"} parent: it has seen ${data[place]} alone${other}.`,
          stage: `judge-${id}`,
        };
      }),
      {
        ...row,
        id: "ensemble",
        group: "references",
        title: "Ensemble of both parents",
        detail: "Both parents run, and the mean of what they hold likely decides: twice the cost of one network.",
        stage: "ensemble",
      },
      {
        ...row,
        id: "both",
        group: "references",
        title: `Trained on ${data[0]} and ${data[1]}`,
        detail:
          "One network that saw the training images of both datasets, mixed: what merging tries to reach without them.",
        stage: "judge-both",
      },
    ],
  };
}
