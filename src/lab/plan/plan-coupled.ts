import type { LabSettings, Lambda } from "../settings/lab-settings.js";
import type { StageKind } from "../stage.js";
import { coupleStage } from "../stages/couple.js";
import { judgeCoupledStage } from "../stages/judge-coupled.js";
import { judgeCost, mergeCost, trainCost } from "./costs.js";
import { mergedRows } from "./merged-rows.js";
import type { Part, Template } from "./part.js";

/** The stage that trains a pair with one strength of coupling; of strength 0, apart but for their start. */
export const coupleId = (lambda: Lambda): string => `couple-${lambda}`;

/** Averages of networks that were held together while they trained, by strength. */
export function planCoupled(settings: LabSettings): Part {
  const { data, training, repair } = settings;
  const { lambda: lambdas, ...couple } = settings.couple;
  const templates = lambdas.flatMap((lambda): Template[] => [
    {
      id: coupleId(lambda),
      title: `Train coupled, lambda ${lambda}`,
      kind: coupleStage as StageKind,
      settings: (seed) => ({ seed, lambda, training, couple }),
      inputs: {},
      cost: trainCost(settings, 2),
    },
    {
      id: `judge-${coupleId(lambda)}`,
      title: `Judge the coupled networks and their average, lambda ${lambda}`,
      kind: judgeCoupledStage as StageKind,
      settings: (seed) => ({ seed, repair }),
      inputs: { pair: coupleId(lambda) },
      cost: mergeCost(settings) + 2 * judgeCost(settings),
    },
  ]);
  const rows = lambdas.flatMap((lambda) =>
    mergedRows(
      {
        id: `${coupleId(lambda)}-average`,
        group: "coupled",
        title: `Average, coupled with λ = ${lambda === "inf" ? "∞" : lambda}`,
        detail:
          lambda === 0
            ? `The mean of two networks trained on ${data[0]} and on ${data[1]} from one start, and nothing else in common.`
            : `The mean of two networks trained on ${data[0]} and on ${data[1]} while a pull of that strength kept them together.`,
        stage: `judge-${coupleId(lambda)}`,
      },
      { perDataset: true },
    ),
  );
  return { templates, rows };
}
