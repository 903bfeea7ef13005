import type { LabSettings } from "../settings/lab-settings.js";
import type { StageKind } from "../stage.js";
import { type ZipFacts, zipStage } from "../stages/zip.js";
import { judgeCost, repairCost } from "./costs.js";
import type { Part, Row, Template } from "./part.js";

/** The stage that zips the parents up to a depth. */
export const zipId = (depth: number): string => `zip-${depth}`;

/** Both parents zipped: one trunk up to a depth, from there on each its own layers as a head. */
export function planZip(settings: LabSettings): Part {
  const { data, zip, repair } = settings;
  return {
    templates: zip.depths.map(
      (depth): Template => ({
        id: zipId(depth),
        title: `Zip ${share(depth)} of the layers`,
        kind: zipStage as StageKind,
        settings: (seed) => ({ depth, params: zip.params, seed, repair }),
        inputs: { a: "train-a", b: "train-b" },
        cost: 4 * repairCost(settings) + 4 * judgeCost(settings),
      }),
    ),
    rows: zip.depths.flatMap((depth): Row[] => {
      const base = {
        group: "zipped",
        repair: "repaired",
        isMerged: true,
        stage: zipId(depth),
        detail: `${share(depth)} of the layers are one trunk, in which units that do the same became one; above it each parent keeps its own layers as a head.`,
      } as const;
      return [
        {
          ...base,
          id: `${zipId(depth)}-both-heads`,
          title: `Zipped to ${share(depth)}, both heads together`,
          detail: `${base.detail} The mean of what both heads hold likely decides.`,
          scores: (facts) => (facts as ZipFacts).bothHeads,
        },
        {
          ...base,
          id: zipId(depth),
          repair: "per-dataset",
          title: `Zipped to ${share(depth)}, each its head`,
          detail: `${base.detail} It is told which head to use: that of ${data[0]} or that of ${data[1]}.`,
          scores: (facts) => (facts as ZipFacts).ownHead,
        },
      ];
    }),
  };
}

const share = (depth: number): string => `${Math.round(100 * depth)} %`;
