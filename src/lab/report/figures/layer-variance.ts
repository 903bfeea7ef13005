import type { LabResults } from "../../results.js";
import { NARROW, WIDE } from "../axes.js";
import type { Figure } from "../figure.js";
import { layerPanel } from "../layer-panel.js";
import { sayShare } from "../say.js";
import type { Series } from "../series.js";

const SERIES: readonly Series[] = [
  { name: "mean of the parents as trained", colour: "--muted", symbol: "triangle", isHollow: true, dashes: "none" },
  { name: "aligned", colour: "--ink", symbol: "square", isHollow: true, dashes: "none" },
  { name: "aligned and repaired", colour: "--accent", symbol: "circle", dashes: "none" },
];

/** How much of its parents' variance the mean keeps, layer by layer. */
export function layerVariance({ layers, experiment }: LabResults): Figure | undefined {
  if (layers.length === 0) return undefined;
  const rows = layers.map(({ layer, variance: { plain, aligned, alignedRepaired } }) => ({
    layer,
    values: [plain, aligned, alignedRepaired],
  }));
  const drawn = (width: number) =>
    layerPanel(rows, { label: "share of the parents' variance", series: SERIES, mark: 1, width });
  const last = layers[layers.length - 1];
  return {
    id: "variance",
    title: "What is left of the signal",
    layout: "wide",
    says: `In the last layer, ${last.layer}, the mean has ${sayShare(last.variance.plain)} of its parents' variance as they were trained, ${sayShare(last.variance.aligned)} aligned, ${sayShare(last.variance.alignedRepaired)} aligned and repaired.`,
    reading: `For each layer, from the image on downwards: the variance of what its units do in the mean of both parents, as a share of the parents' own. At 1, the upright line, the mean is as lively as its parents. Where units that do different things are averaged they cancel, the variance falls layer upon layer, and statistics stored for the parents fit no longer.${experiment.seeds.length > 1 ? " First seed only." : ""}`,
    papers: ["repair", "swa"],
    legend: SERIES,
    panels: [
      {
        title: "",
        label: `Share of the parents' variance that the mean keeps in ${layers.length} layers`,
        options: drawn(WIDE),
        narrow: drawn(NARROW),
      },
    ],
    numbers: {
      caption: "Share of the parents' variance",
      head: ["Layer", ...SERIES.map(({ name }) => name)],
      rows: rows.map(({ layer, values }) => [layer, ...values.map((value) => sayShare(value))]),
    },
  };
}
