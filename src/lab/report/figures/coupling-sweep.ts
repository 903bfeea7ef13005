import { type Markish, text } from "@observablehq/plot";
import type { CouplingPoint, LabResults, Range } from "../../results.js";
import { panel } from "../axes.js";
import type { Figure, Panel } from "../figure.js";
import { sayPercent, sayRange } from "../say.js";
import { type Series, seriesMarks } from "../series.js";

type Curve = "a" | "b" | "average" | "averageRepaired";

/** Room between 0 or infinity and the nearest strength, in powers of ten. */
const END_GAP = 0.8;
/** What the name of a strength takes of the axis. */
const LABEL_ROOM = 0.08;

/** Accuracy of coupled networks and of their average, from trained apart to one trunk. */
export function couplingSweep({ coupling, experiment }: LabResults): Figure | undefined {
  if (coupling.length === 0) return undefined;
  const points = [...coupling].sort((one, other) => strength(one) - strength(other));
  const series: Readonly<Record<Curve, Series>> = {
    a: { name: `network of ${experiment.datasets[0]}`, colour: "--a", symbol: "circle", isHollow: true, dashes: "1 3" },
    b: { name: `network of ${experiment.datasets[1]}`, colour: "--b", symbol: "square", isHollow: true, dashes: "7 4" },
    average: { name: "their average", colour: "--muted", symbol: "triangle", isHollow: true, dashes: "3 3" },
    averageRepaired: { name: "their average, repaired", colour: "--accent", symbol: "diamond" },
  };
  const best = points.reduce((one, other) => (meanOf(other) > meanOf(one) ? other : one));
  return {
    id: "coupling",
    title: "Coupled while they were trained",
    layout: "pair",
    says: `Strengths: ${points.map(({ lambda }) => sayLambda(lambda)).join(", ")}. The repaired average has its best mean of both datasets, ${sayPercent(meanOf(best))} %, at λ = ${sayLambda(best.lambda)}.`,
    reading:
      "Two networks start from the same weights, each learns its own dataset, and a pull of strength λ holds their weights together at every step. At the left end, λ = 0, nothing pulls: they are trained apart. At the right end, λ = ∞, coupled weights are equal at every step: one trunk that learns from both. Between the ends the axis is logarithmic. Where the average meets the curves of its two networks, averaging costs nothing. The last panel shows how far apart the weights ended, as a share of their size.",
    papers: ["easgd", "multitask", "soups"],
    legend: Object.values(series),
    panels: [
      ...experiment.datasets.map((name, dataset) => accuracyPanel(points, { name, dataset, series })),
      distancePanel(points),
    ],
    numbers: {
      caption: `Accuracy in percent on ${experiment.datasets.join(" and ")}, and distance of the weights in percent of their size`,
      head: ["λ", ...Object.values(series).map(({ name }) => name), "distance"],
      rows: points.map((point) => [
        sayLambda(point.lambda),
        ...(Object.keys(series) as Curve[]).map((curve) => point[curve].map(sayMedian).join(", ")),
        sayPercent(100 * point.distance),
      ]),
    },
  };
}

const strength = ({ lambda }: CouplingPoint): number => (lambda === "inf" ? Number.POSITIVE_INFINITY : lambda);

const sayLambda = (lambda: number | "inf"): string => (lambda === "inf" ? "∞" : String(lambda));

const meanOf = ({ averageRepaired: [one, other] }: CouplingPoint): number => (one.median + other.median) / 2;

function sayMedian(range: Range): string {
  const ends = sayRange(range);
  return ends === "" ? sayPercent(range.median) : `${sayPercent(range.median)} (${ends})`;
}

/** Where strengths stand: powers of ten between the two ends. */
function placesOf(points: readonly CouplingPoint[]): readonly number[] {
  const powers = points
    .map(strength)
    .map((value) => (value > 0 && Number.isFinite(value) ? Math.log10(value) : undefined));
  const known = powers.filter((power) => power !== undefined);
  const [low, high] = known.length === 0 ? [0, 0] : [Math.min(...known), Math.max(...known)];
  return powers.map((power, i) => power ?? (strength(points[i]) === 0 ? low - END_GAP : high + END_GAP));
}

function axisOf(points: readonly CouplingPoint[]) {
  const places = placesOf(points);
  const [left, right] = [Math.min(...places), Math.max(...places)];
  const names = new Map<number, string>();
  let last = Number.NEGATIVE_INFINITY;
  for (const [i, place] of places.entries()) {
    // Ends are always named; between them there is room only for some.
    const isEnd = i === 0 || i === places.length - 1;
    if (!isEnd && (place - last < LABEL_ROOM * (right - left) || right - place < LABEL_ROOM * (right - left))) continue;
    names.set(place, sayLambda(points[i].lambda));
    last = place;
  }
  return {
    label: "trained apart  ←  λ, strength of the pull  →  one trunk",
    domain: left === right ? [left - 1, right + 1] : [left, right],
    ticks: places,
    tickFormat: (value: number) => names.get(value) ?? "",
    inset: 8,
  };
}

/** Two short strokes where the axis leaves its powers of ten for 0 or infinity. */
function breaks(points: readonly CouplingPoint[]): Markish[] {
  const places = placesOf(points);
  const ends = points.flatMap(({ lambda }, i) =>
    lambda === 0 && i + 1 < places.length
      ? [(places[i] + places[i + 1]) / 2]
      : lambda === "inf" && i > 0
        ? [(places[i] + places[i - 1]) / 2]
        : [],
  );
  return [text(ends, { x: (x: number) => x, frameAnchor: "bottom", text: () => "//", fill: "var(--muted)", dy: 5 })];
}

function accuracyPanel(
  points: readonly CouplingPoint[],
  { name, dataset, series }: { name: string; dataset: number; series: Readonly<Record<Curve, Series>> },
): Panel {
  const places = placesOf(points);
  return {
    title: `Accuracy on ${name}`,
    label: `Accuracy on ${name} in percent, of both coupled networks and of their average, by strength`,
    options: panel({
      x: axisOf(points),
      y: { label: "accuracy (%)", domain: [0, 100] },
      marks: [
        ...(Object.keys(series) as Curve[]).flatMap((curve) =>
          seriesMarks(
            series[curve],
            points.map((point, i) => {
              const { median, min, max } = point[curve][dataset];
              return { x: places[i], y: median, low: min, high: max };
            }),
          ),
        ),
        ...breaks(points),
      ],
    }),
  };
}

function distancePanel(points: readonly CouplingPoint[]): Panel {
  const places = placesOf(points);
  const line: Series = { name: "distance", colour: "--ink", symbol: "circle" };
  const rows = points.map(({ distance }, i) => ({ x: places[i], y: 100 * distance }));
  return {
    title: "Distance of the weights",
    label: "Distance of the weights of both networks after training, in percent of their size, by strength",
    options: panel({
      x: axisOf(points),
      y: { label: "distance (% of the weights' size)", domain: [0, Math.max(1, ...rows.map(({ y }) => y)) * 1.05] },
      marks: [...seriesMarks(line, rows), ...breaks(points)],
    }),
  };
}
