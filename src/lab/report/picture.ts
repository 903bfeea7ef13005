import { axisFx, axisY, barX, type PlotOptions, ruleX, ruleY, text } from "@observablehq/plot";
import type { LabResults } from "../results.js";
import { drawPlot } from "./draw-plot.js";
import { bestMerged } from "./find-network.js";
import { pickRows } from "./pick-rows.js";
import { sayPercent, shortened } from "./say.js";
import { themeRules } from "./theme.js";

interface Bar {
  readonly id: string;
  /** 0 and 1, not the names, which may be the same. */
  readonly dataset: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly colour: string;
}

const WIDTH = 900;
const ROW = 26;
const MARGINS = { top: 34, right: 46, bottom: 12, left: 360 };
/** Longer names are cut to what their margin holds. */
const MOST_LETTERS = 52;

const STYLE = `${themeRules()}svg{background:var(--paper)}
text{font-size:13px;font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;font-variant-numeric:tabular-nums}
`;

/** The picture as markup of its own; `renderPicture` loads it. */
export function drawPicture(results: LabResults): string {
  const { experiment } = results;
  const rows = pickRows(results);
  const best = bestMerged(results);
  const bars = rows.flatMap((network) =>
    network.accuracy.map(
      ({ median, min, max }, dataset): Bar => ({
        id: network.id,
        dataset,
        value: median,
        low: min,
        high: max,
        colour: network === best ? "var(--accent)" : network.isMerged ? "var(--bar-merged)" : "var(--bar)",
      }),
    ),
  );
  const titles = new Map(rows.map(({ id, title }) => [id, title]));
  const options: PlotOptions = {
    width: WIDTH,
    height: MARGINS.top + MARGINS.bottom + ROW * Math.max(1, rows.length),
    marginTop: MARGINS.top,
    marginRight: MARGINS.right,
    marginBottom: MARGINS.bottom,
    marginLeft: MARGINS.left,
    x: { domain: [0, 100], axis: null },
    y: { type: "band", domain: rows.map(({ id }) => id), label: null, paddingInner: 0, paddingOuter: 0 },
    fx: { domain: [0, 1], label: null, padding: 0.26 },
    marks: [
      axisFx({
        anchor: "top",
        tickFormat: (dataset: number) => `${shortened(experiment.datasets[dataset], 26)} (%)`,
        color: "var(--muted)",
      }),
      axisY({
        tickSize: 0,
        tickFormat: (id: string) => shortened(titles.get(id) ?? id, MOST_LETTERS),
        color: "var(--ink)",
        fontWeight: 400,
      }),
      barX(bars, { x1: 0, x2: 100, y: "id", fx: "dataset", fill: "var(--soft)", insetTop: 7, insetBottom: 7 }),
      barX(bars, { x1: 0, x2: "value", y: "id", fx: "dataset", fill: "colour", insetTop: 7, insetBottom: 7 }),
      ruleY(
        bars.filter(({ low, high }) => high > low),
        { x1: "low", x2: "high", y: "id", fx: "dataset", stroke: "var(--ink)" },
      ),
      ruleX([0], { stroke: "var(--muted)" }),
      ...[true, false].map((isBest) =>
        text(
          bars.filter(({ id }) => (id === best?.id) === isBest),
          {
            x: 100,
            y: "id",
            fx: "dataset",
            text: ({ value }: Bar) => sayPercent(value),
            textAnchor: "end",
            dx: 38,
            fill: "var(--ink)",
            fontWeight: isBest ? 700 : 400,
          },
        ),
      ),
    ],
  };
  const label = `Accuracy of ${rows.length} networks on ${experiment.datasets.join(" and ")}`;
  return `${drawPlot(options, { id: "picture", label, style: STYLE }).markup}\n`;
}
