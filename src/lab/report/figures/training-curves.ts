import { line, text } from "@observablehq/plot";
import type { LabResults, TrainingCurve } from "../../results.js";
import { panel } from "../axes.js";
import type { Figure, Panel } from "../figure.js";
import { sayCount, sayLoss, sayMany, sayPercent } from "../say.js";

/** Losses above would flatten all others. */
const MOST_LOSS = 4;
/** More curves behind one another are a grey patch. */
const MOST_BEHIND = 16;
const MOST_POINTS = 100;

/** Loss and accuracy on training images, a small panel for each network with the others behind it. */
export function trainingCurves({ training, experiment }: LabResults): Figure | undefined {
  const curves = training.filter(({ points }) => points.length > 0).map(thinned);
  if (curves.length === 0) return undefined;
  const isCut = curves.some(({ points }) => points.some(({ loss }) => loss > MOST_LOSS));
  return {
    id: "training",
    title: "How the networks were trained",
    layout: "small",
    says: `${sayMany(curves.length, "network")} trained; the longest took ${sayCount(Math.max(...curves.map(({ points }) => points[points.length - 1].step)))} steps.`,
    reading: `One panel for each network that was trained, its own curve in colour, the others behind it in grey; the figure at the right is its last value. Loss and accuracy are those on training images while they were learned from, mean over a stretch of steps, so they say how learning went and not how good the network is on images it has not seen.${isCut ? ` Losses above ${MOST_LOSS} nats are cut off.` : ""}${experiment.seeds.length > 1 ? " First seed only." : ""}`,
    papers: [],
    panels: curves.map((curve) => curvePanel(curve, { what: "loss", curves })),
    more: {
      title: "Accuracy of the same networks",
      panels: curves.map((curve) => curvePanel(curve, { what: "accuracy", curves })),
    },
  };
}

/** Every so many points, the last among them: more than a small panel shows. */
function thinned(curve: TrainingCurve): TrainingCurve {
  const every = Math.ceil(curve.points.length / MOST_POINTS);
  return { ...curve, points: curve.points.filter((_, i) => i % every === 0 || i === curve.points.length - 1) };
}

function curvePanel(
  curve: TrainingCurve,
  { what, curves }: { what: "loss" | "accuracy"; curves: readonly TrainingCurve[] },
): Panel {
  const steps = Math.max(...curves.map(({ points }) => points[points.length - 1].step));
  const losses = curves.flatMap(({ points }) => points.map(({ loss }) => loss).filter((loss) => Number.isFinite(loss)));
  const top = what === "loss" ? Math.min(MOST_LOSS, Math.max(0.1, ...losses)) : 100;
  const behind = curves.length > MOST_BEHIND ? [] : curves.filter((one) => one !== curve);
  const { [curve.points.length - 1]: last } = curve.points;
  const end = what === "loss" ? sayLoss(last.loss) : `${sayPercent(last.accuracy)} %`;
  return {
    title: curve.title,
    label: `${curve.title}: ${what === "loss" ? "loss in nats" : "accuracy in percent"} on training images over ${sayCount(last.step)} steps, ${end} at the end`,
    options: panel({
      width: 230,
      height: 160,
      marginLeft: 34,
      marginRight: 12,
      x: { label: "step", domain: [0, steps], ticks: [0, steps], tickFormat: sayCount },
      y: { label: what === "loss" ? "loss (nats)" : "accuracy (%)", domain: [0, top], ticks: 3 },
      marks: [
        ...behind.map(({ points }) =>
          line(points, { x: "step", y: what, stroke: "var(--rule)", strokeWidth: 1, clip: true }),
        ),
        line(curve.points, { x: "step", y: what, stroke: "var(--accent)", strokeWidth: 1.75, clip: true }),
        text([end], {
          frameAnchor: what === "loss" ? "top-right" : "bottom-right",
          text: (value: string) => value,
          dx: -4,
          dy: what === "loss" ? 4 : -4,
          fontWeight: 600,
          fill: "var(--ink)",
          stroke: "var(--paper)",
          strokeWidth: 4,
        }),
      ],
    }),
  };
}
