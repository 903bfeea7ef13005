import type { LabResults } from "../../results.js";
import type { Figure } from "../figure.js";
import { layerPanel } from "../layer-panel.js";
import type { Series } from "../series.js";

const BEFORE: Series = {
  name: "before aligning",
  colour: "--muted",
  symbol: "triangle",
  isHollow: true,
  dashes: "none",
};
const AFTER: Series = { name: "after aligning", colour: "--accent", symbol: "circle", dashes: "none" };
const CKA: Series = {
  name: "layer as a whole (CKA)",
  colour: "--ink",
  symbol: "diamond",
  isHollow: true,
  dashes: "none",
};

/** How far apart the parents are layer by layer: their weights, and what their units do. */
export function layerSimilarity({ layers, experiment }: LabResults): Figure | undefined {
  if (layers.length === 0) return undefined;
  const distances = layers.map(({ layer, distance }) => ({ layer, values: [distance.before, distance.after] }));
  const alike = layers
    .filter(({ cka, correlation }) => cka !== undefined || correlation !== undefined)
    .map(({ layer, cka, correlation }) => ({ layer, values: [correlation?.before, correlation?.after, cka] }));
  const nearer = layers.filter(({ distance }) => distance.after < distance.before).length;
  const meanOf = (by: "before" | "after"): number => {
    const known = layers.flatMap(({ correlation }) => (correlation === undefined ? [] : [correlation[by]]));
    return known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  const hasCorrelation = layers.some(({ correlation }) => correlation !== undefined);
  const two = (value: number | undefined): string => (value === undefined ? "–" : value.toFixed(2));
  return {
    id: "similarity",
    title: "How alike the parents are",
    layout: "pair",
    says: `Aligning brings the weights nearer in ${nearer} of ${layers.length} layers.${hasCorrelation ? ` The mean correlation of units of the same number goes from ${two(meanOf("before"))} to ${two(meanOf("after"))}.` : ""}`,
    reading: `The distance of the weights is 0 where they are equal; random weights around 0 are about 1.4 from one another. The other panel has the correlation of units of the same number over images of both datasets, 1 where they do the same. Linear CKA compares layers as a whole, whatever the order of their units: where it is high and the correlation low, both networks compute alike in another order, which is what aligning can mend. Where CKA itself is low, no order of the units makes them alike.${experiment.seeds.length > 1 ? " First seed only." : ""}`,
    papers: ["cka", "convergent", "git-re-basin"],
    legend: alike.some(({ values }) => values[2] !== undefined) ? [BEFORE, AFTER, CKA] : [BEFORE, AFTER],
    panels: [
      {
        title: "Distance of the weights",
        label: `Relative distance of the parents' weights in ${layers.length} layers, before and after aligning`,
        options: layerPanel(distances, { label: "distance, as a share of the weights' size", series: [BEFORE, AFTER] }),
      },
      ...(alike.length === 0
        ? []
        : [
            {
              title: "Likeness of what units do",
              label: `Mean correlation of units of the same number, before and after aligning, and CKA, in ${alike.length} layers`,
              options: layerPanel(alike, {
                label: "correlation, CKA",
                series: [BEFORE, AFTER, CKA],
                domain: [Math.min(0, ...alike.flatMap(({ values }) => values.map((value) => value ?? 0))), 1],
              }),
            },
          ]),
    ],
    numbers: {
      caption: "Layer by layer",
      head: ["Layer", "distance before", "after", "correlation before", "after", "CKA"],
      rows: layers.map(({ layer, distance, correlation, cka }) => [
        layer,
        two(distance.before),
        two(distance.after),
        two(correlation?.before),
        two(correlation?.after),
        two(cka),
      ]),
    },
  };
}
