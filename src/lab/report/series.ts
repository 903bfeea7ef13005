import { areaY, dot, lineY, type Markish } from "@observablehq/plot";
import { drawPlot } from "./draw-plot.js";
import { type Html, html } from "./html.js";

/** One row of things of a kind in a drawing, told from others by symbol and dashes as well as by colour. */
export interface Series {
  readonly name: string;
  /** A variable of the style sheet: `--accent`. */
  readonly colour: "--a" | "--b" | "--accent" | "--ink" | "--muted";
  readonly symbol: "circle" | "square" | "diamond" | "triangle" | "star" | "hexagon" | "wye" | "cross";
  readonly isHollow?: boolean;
  /** Of an SVG stroke; a full line without, no line at all for `none`. */
  readonly dashes?: string;
}

export interface Point {
  readonly x: number;
  readonly y: number;
  /** Ends of the range over the seeds. */
  readonly low?: number;
  readonly high?: number;
}

/** Every so many points a symbol, where there are many. */
const MOST_SYMBOLS = 12;

/** The marks of a series: a band where there is a range, a line, symbols on it. */
export function seriesMarks(series: Series, points: readonly Point[], { clip = false } = {}): Markish[] {
  const every = Math.ceil(points.length / MOST_SYMBOLS);
  const shown = points.filter((_, i) => i % every === 0 || i === points.length - 1);
  const hasRange = points.some(({ low, high }) => low !== undefined && high !== undefined && high > low);
  const fill = `var(${series.colour})`;
  const band = hasRange ? [areaY(points, { x: "x", y1: "low", y2: "high", fill, fillOpacity: 0.14, clip })] : [];
  return [...band, ...lineMarks(series, points, { clip }), symbolMark(series, shown, { clip })];
}

function lineMarks({ colour, dashes }: Series, points: readonly Point[], { clip = false } = {}): Markish[] {
  if (dashes === "none") return [];
  const stroke = `var(${colour})`;
  return [lineY(points, { x: "x", y: "y", stroke, strokeWidth: 1.75, strokeDasharray: dashes, clip })];
}

function symbolMark({ colour, symbol, isHollow }: Series, points: readonly Point[], { clip = false } = {}): Markish {
  const stroke = `var(${colour})`;
  const fill = isHollow ? "var(--paper)" : stroke;
  return dot(points, { x: "x", y: "y", symbol, r: 3.4, stroke, strokeWidth: 1.5, fill, clip });
}

/** Names of the series, each with its line and symbol. */
export function legend(series: readonly Series[], { id }: { readonly id: string }): Html {
  return html`<ul class="legend">${series.map((one, i) => {
    const [left, middle, right] = [0, 0.5, 1].map((x) => ({ x, y: 0.5 }));
    const key = drawPlot(
      {
        width: one.dashes === "none" ? 14 : 38,
        height: 14,
        margin: 0,
        axis: null,
        x: { domain: [0, 1] },
        y: { domain: [0, 1] },
        marks: [...lineMarks(one, [left, right]), symbolMark(one, [middle])],
      },
      { id: `${id}-key-${i + 1}` },
    );
    return html`<li>${key}<span>${one.name}</span></li>`;
  })}</ul>`;
}
