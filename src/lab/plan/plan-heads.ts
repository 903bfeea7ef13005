import type { Network } from "../../network/graph.js";
import { layersOf } from "../../network/layers-of.js";
import type { LabSettings } from "../settings/lab-settings.js";
import type { StageKind } from "../stage.js";
import { coupleStage } from "../stages/couple.js";
import { type HeadsFacts, headsStage } from "../stages/heads.js";
import { judgeCost, trainCost } from "./costs.js";
import type { Part } from "./part.js";

/** The layer at which the heads begin unless told: the first that is linear, else the last. */
function usualCut(network: Network): string {
  const layers = layersOf(network);
  const first = layers.findIndex(({ node }) => node.op !== "Conv");
  return layers[first > 0 ? first : layers.length - 1].name;
}

/** One trunk with a head for each dataset, trained as such. */
export function planHeads(settings: LabSettings, network: Network): Part {
  const { training, heads } = settings;
  if (!heads.train) return { templates: [], rows: [] };
  const cut = heads.cut === "" ? usualCut(network) : heads.cut;
  const couple = { ...settings.couple, "depth-schedule": `cut:${cut}`, lambda: undefined };
  return {
    templates: [
      {
        id: "train-heads",
        title: "Train one trunk with two heads",
        kind: coupleStage as StageKind,
        settings: (seed) => ({ seed, lambda: "inf", training, couple }),
        inputs: {},
        cost: trainCost(settings, 2),
      },
      {
        id: "heads",
        title: "Judge the network with two heads",
        kind: headsStage as StageKind,
        settings: () => ({}),
        inputs: { pair: "train-heads" },
        cost: judgeCost(settings),
      },
    ],
    rows: [
      {
        id: "heads",
        group: "heads",
        title: "One trunk, two heads",
        detail: `Trained together: the same weights up to ${cut}, from there on a head for each dataset; each is judged on its own.`,
        repair: "plain",
        isMerged: false,
        stage: "heads",
        scores: (facts) => (facts as HeadsFacts).scores,
      },
    ],
  };
}
