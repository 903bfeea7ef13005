import type { PlotOptions } from "@observablehq/plot";
import { axisX, axisY, dot, gridX, link, ruleX, ruleY } from "@observablehq/plot";
import { PANEL_WIDTH } from "./axes.js";
import { shortened } from "./say.js";
import type { Series } from "./series.js";

export interface LayerRow {
  readonly layer: string;
  /** In the order of the series; missing where a layer has none. */
  readonly values: readonly (number | undefined)[];
}

export interface LayerPanelOptions {
  /** What the values are, with their unit. */
  readonly label: string;
  readonly series: readonly Series[];
  /** Default: from 0 to the largest value. */
  readonly domain?: readonly [number, number];
  /** A value that an upright line stands at. */
  readonly mark?: number;
  readonly width?: number;
}

/** Height of a row, and of what stands above and below all rows, in pixels. */
const ROW = 22;
const MARGINS = { top: 12, bottom: 42 };
/** About the width of a letter. */
const LETTER = 6.4;
/** Longer names are cut, so that they leave room for the values. */
const MOST_LETTERS = 20;
/** Values that grow larger, and differ by more, stand on a logarithmic axis. */
const MOST_LINEAR = 10;

/** The options of a panel with a row for each layer, from the image on downwards, and a symbol for each series. */
export function layerPanel(
  rows: readonly LayerRow[],
  { label, series, domain, mark, width = PANEL_WIDTH }: LayerPanelOptions,
): PlotOptions {
  const values = rows.flatMap((row) => row.values.filter((value) => value !== undefined && Number.isFinite(value)));
  const top = Math.max(mark ?? 0, ...values.map((value) => value ?? 0));
  const bottom = Math.min(0, ...values.map((value) => value ?? 0));
  const least = Math.min(mark ?? Number.POSITIVE_INFINITY, ...values.map((value) => value ?? 0));
  const isLogarithmic = domain === undefined && least > 0 && top > MOST_LINEAR && top > MOST_LINEAR * least;
  const spans = rows.flatMap(({ layer, values: [...of] }) => {
    const known = of.filter((value) => value !== undefined && Number.isFinite(value)) as number[];
    return known.length < 2 ? [] : [{ layer, from: Math.min(...known), to: Math.max(...known) }];
  });
  const longest = Math.max(...rows.map(({ layer }) => Math.min(MOST_LETTERS, layer.length)));
  return {
    width,
    height: MARGINS.top + MARGINS.bottom + ROW * rows.length,
    marginTop: MARGINS.top,
    marginBottom: MARGINS.bottom,
    marginLeft: Math.ceil(14 + LETTER * longest),
    marginRight: 16,
    x: isLogarithmic
      ? { type: "log", domain: [least / 1.2, top * 1.2], label: null }
      : { domain: domain ?? [bottom, top * 1.05], label: null },
    y: { type: "point", domain: rows.map(({ layer }) => layer), label: null, padding: 0.5 },
    marks: [
      gridX({ ticks: 5, stroke: "var(--rule)", strokeOpacity: 1 }),
      ...(mark === undefined ? [] : [ruleX([mark], { stroke: "var(--muted)" })]),
      ruleY(rows, { y: "layer", stroke: "var(--rule)", strokeDasharray: "1 3" }),
      link(spans, { x1: "from", x2: "to", y1: "layer", y2: "layer", stroke: "var(--muted)", strokeOpacity: 0.5 }),
      ...series.map(({ colour, symbol, isHollow }, i) =>
        dot(rows, {
          x: ({ values: of }: LayerRow) => of[i],
          y: "layer",
          symbol,
          r: 4,
          stroke: `var(${colour})`,
          strokeWidth: 1.5,
          fill: isHollow ? "var(--paper)" : `var(${colour})`,
        }),
      ),
      axisX({
        ticks: 5,
        tickSize: 4,
        label,
        labelArrow: "none",
        labelAnchor: "center",
        labelOffset: 38,
        color: "var(--muted)",
      }),
      axisY({
        tickSize: 0,
        label: null,
        color: "var(--muted)",
        tickFormat: (layer: string) => shortened(layer, MOST_LETTERS),
      }),
    ],
  };
}
