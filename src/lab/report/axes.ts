import { axisX, axisY, gridX, gridY, type Markish, type PlotOptions, type ScaleOptions } from "@observablehq/plot";

/** Width of a panel as drawn; the page scales it a little to fit. */
export const PANEL_WIDTH = 400;
/** Of one that stands alone, and of the same on a phone. */
export const WIDE = 560;
export const NARROW = 360;

const TEXT = "var(--muted)";
const RULE = "var(--rule)";

interface Axis extends ScaleOptions {
  readonly label: string;
  readonly ticks?: number | readonly (number | string)[];
  readonly tickFormat?: (value: number, index: number) => string;
}

export interface PanelOptions {
  readonly x: Axis;
  readonly y: Axis;
  readonly marks: readonly Markish[];
  readonly width?: number;
  readonly height?: number;
  readonly marginLeft?: number;
  readonly marginRight?: number;
  /** Rules for the values of x, beside those of y. */
  readonly hasGridX?: boolean;
}

/** The options of a panel: thin rules, quiet axes, labels that say the unit. */
export function panel({ x, y, marks, hasGridX = false, ...size }: PanelOptions): PlotOptions {
  const { label: labelX, ticks: ticksX, tickFormat: formatX, ...scaleX } = x;
  const { label: labelY, ticks: ticksY = 5, tickFormat: formatY, ...scaleY } = y;
  const ruleX = hasGridX ? [gridX({ ticks: ticksX as number, stroke: RULE, strokeOpacity: 1 })] : [];
  return {
    width: PANEL_WIDTH,
    height: 260,
    marginTop: 30,
    marginRight: 16,
    marginBottom: 40,
    marginLeft: 40,
    ...size,
    x: { ...scaleX, label: null },
    y: { ...scaleY, label: null },
    marks: [
      ...ruleX,
      gridY({ ticks: ticksY as number, stroke: RULE, strokeOpacity: 1 }),
      ...marks,
      axisX({
        ticks: ticksX as number,
        tickFormat: formatX,
        tickSize: 4,
        label: labelX,
        labelArrow: "none",
        labelAnchor: "center",
        labelOffset: 36,
        color: TEXT,
      }),
      axisY({
        ticks: ticksY as number,
        tickFormat: formatY,
        tickSize: 0,
        label: labelY,
        labelArrow: "none",
        labelAnchor: "top",
        color: TEXT,
      }),
    ],
  };
}
