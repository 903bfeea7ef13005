import { dot, link, type Markish, ruleX, text } from "@observablehq/plot";
import type { LabResults, PathCurve, PathVariant } from "../../results.js";
import { panel } from "../axes.js";
import type { Figure, Panel } from "../figure.js";
import { sayList, sayLoss } from "../say.js";
import { type Series, seriesMarks } from "../series.js";

const SERIES: Readonly<Record<PathVariant, Series>> = {
  plain: { name: "as trained", colour: "--muted", symbol: "triangle", isHollow: true, dashes: "2 4" },
  aligned: { name: "aligned", colour: "--ink", symbol: "square", isHollow: true, dashes: "7 4" },
  "aligned-repaired": { name: "aligned and repaired", colour: "--accent", symbol: "circle" },
};
const VARIANTS = Object.keys(SERIES) as PathVariant[];

/** Losses above would flatten all others; a curve leaves the panel there. */
const MOST_LOSS = 6;
/** A barrier lower than this share of the panel is in the table alone: there is no room for its label. */
const LEAST_SHOWN = 0.06;
/** Of a barrier, where its label stands. */
const LABEL_HEIGHT = 0.72;

/** Accuracy and loss from one parent to the other, with barriers. */
export function straightLine({ paths, experiment }: LabResults): Figure | undefined {
  if (paths.length === 0) return undefined;
  const datasets = [...new Set(paths.map(({ dataset }) => dataset))];
  const variants = VARIANTS.filter((variant) => paths.some((path) => path.variant === variant));
  const isCut = paths.some(({ loss }) => loss.some((value) => value > MOST_LOSS));
  const barrierOf = (path: PathCurve): string =>
    path.barrier.value > 0 ? `${sayLoss(path.barrier.value)} nats at t = ${Number(path.barrier.t.toFixed(2))}` : "none";
  return {
    id: "line",
    title: "Along the straight line between the parents",
    layout: "pair",
    says: datasets
      .map((dataset) => {
        const of = paths.filter((path) => path.dataset === dataset);
        return `Barriers on ${dataset}: ${sayList(of.map((path) => `${SERIES[path.variant].name} ${barrierOf(path)}`))}.`;
      })
      .join(" "),
    reading: `At the left end stands the first parent, at the right end the second; between them the weights are mixed, (1 − t)·A + t·B, and each mixture is judged as it is, or, where it is repaired, after its batch-norm statistics were worked out again on images. The barrier, marked by an upright line with its height in nats, is the largest loss above the thin straight line that joins the losses at the ends: without one, both parents lie in one basin. Aligning changes nothing at the ends: an aligned network computes what it did before.${isCut ? ` Losses above ${MOST_LOSS} nats are cut off.` : ""}${experiment.seeds.length > 1 ? " First seed only." : ""}`,
    papers: ["connectivity", "invariance", "git-re-basin", "repair"],
    legend: variants.map((variant) => SERIES[variant]),
    panels: [
      ...datasets.map((dataset) => accuracyPanel(dataset, paths)),
      ...datasets.map((dataset) => lossPanel(dataset, paths)),
    ],
    numbers: {
      caption: "Barriers",
      head: ["Parents", ...datasets],
      rows: variants.map((variant) => [
        SERIES[variant].name,
        ...datasets.map((dataset) => {
          const path = paths.find((one) => one.variant === variant && one.dataset === dataset);
          return path === undefined ? "–" : barrierOf(path);
        }),
      ]),
    },
  };
}

const X_AXIS = {
  label: "t: 0 is the first parent, 1 the second",
  domain: [0, 1],
  ticks: [0, 0.25, 0.5, 0.75, 1],
  tickFormat: (value: number) => String(value),
};

const pathsOn = (dataset: string, paths: readonly PathCurve[]): PathCurve[] =>
  VARIANTS.flatMap((variant) => paths.filter((path) => path.dataset === dataset && path.variant === variant));

const accuracyPanel = (dataset: string, paths: readonly PathCurve[]): Panel => ({
  title: `Accuracy on ${dataset}`,
  label: `Accuracy on ${dataset} in percent, for t from 0 to 1`,
  options: panel({
    x: X_AXIS,
    y: { label: "accuracy (%)", domain: [0, 100] },
    marks: pathsOn(dataset, paths).flatMap(({ variant, t, accuracy }) =>
      seriesMarks(
        SERIES[variant],
        t.map((x, i) => ({ x, y: accuracy[i] })),
      ),
    ),
  }),
});

function lossPanel(dataset: string, paths: readonly PathCurve[]): Panel {
  const curves = pathsOn(dataset, paths);
  const largest = Math.max(0.05, ...curves.flatMap(({ loss }) => loss.filter((value) => Number.isFinite(value))));
  const top = Math.min(MOST_LOSS, largest * 1.08);
  return {
    title: `Loss on ${dataset}`,
    label: `Loss on ${dataset} in nats, for t from 0 to 1, with barriers`,
    options: panel({
      x: X_AXIS,
      y: { label: "loss (nats)", domain: [0, top] },
      marks: [
        ...curves.flatMap((curve) => chord(curve, top)),
        ...curves.flatMap(({ variant, t, loss }) =>
          seriesMarks(
            SERIES[variant],
            t.map((x, i) => ({ x, y: loss[i] })),
            { clip: true },
          ),
        ),
        ...[...curves]
          .filter((curve) => curve.t.length > 1 && curve.barrier.value >= LEAST_SHOWN * top)
          .sort((one, other) => one.barrier.t - other.barrier.t)
          // The first label stands to the left, so that barriers near one another keep theirs apart.
          .flatMap((curve, i) => barrierMarks(curve, { top, isLeft: i === 0 })),
      ],
    }),
  };
}

/** The line between the end losses, where a barrier is measured from it. */
function chord({ variant, t, loss, barrier }: PathCurve, top: number): Markish[] {
  if (barrier.value <= 0 || t.length < 2) return [];
  const ends = [
    { x1: t[0], y1: Math.min(top, loss[0]), x2: t[t.length - 1], y2: Math.min(top, loss[loss.length - 1]) },
  ];
  const stroke = `var(${SERIES[variant].colour})`;
  return [link(ends, { x1: "x1", y1: "y1", x2: "x2", y2: "y2", stroke, strokeOpacity: 0.5, strokeWidth: 0.75 })];
}

function barrierMarks(
  { variant, t, loss, barrier }: PathCurve,
  { top, isLeft }: { readonly top: number; readonly isLeft: boolean },
): Markish[] {
  const share = (barrier.t - t[0]) / (t[t.length - 1] - t[0]);
  const foot = loss[0] + share * (loss[loss.length - 1] - loss[0]);
  const head = Math.min(top, foot + barrier.value);
  const stroke = `var(${SERIES[variant].colour})`;
  const ends = [
    { x: barrier.t, y: foot },
    { x: barrier.t, y: head },
  ];
  return [
    ruleX([{ x: barrier.t }], { x: "x", y1: foot, y2: head, stroke, strokeWidth: 1.25 }),
    dot(ends, { x: "x", y: "y", r: 2.2, fill: stroke }),
    text([{ x: barrier.t, y: foot + LABEL_HEIGHT * (head - foot) }], {
      x: "x",
      y: "y",
      text: () => sayLoss(barrier.value),
      textAnchor: isLeft ? "end" : "start",
      dx: isLeft ? -7 : 7,
      fill: stroke,
      stroke: "var(--paper)",
      strokeWidth: 4,
      fontWeight: 600,
    }),
  ];
}
