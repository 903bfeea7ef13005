import { axisX, barX, gridX, type PlotOptions, text } from "@observablehq/plot";
import type { LabResults, StageTimings } from "../../results.js";
import { NARROW, WIDE } from "../axes.js";
import type { Figure } from "../figure.js";
import { html } from "../html.js";
import { sayMany, saySeconds, shortened } from "../say.js";

/** Stages with a bar of their own; the rest is one bar. */
const MOST_BARS = 14;
const ROW = 34;
/** About the width of a letter. */
const LETTER = 7;
const MARGINS = { top: 4, bottom: 40 };

interface Bar {
  readonly key: string;
  readonly title: string;
  readonly seconds: number;
}

/** Seconds of each stage. */
export function stageTimes({ stages }: LabResults, timings: StageTimings): Figure | undefined {
  if (stages.length === 0) return undefined;
  const timed = stages.flatMap(({ id, title }): Bar[] =>
    Number.isFinite(timings[id]) ? [{ key: id, title, seconds: timings[id] }] : [],
  );
  const total = timed.reduce((sum, { seconds }) => sum + seconds, 0);
  const sorted = [...timed].sort((one, other) => other.seconds - one.seconds);
  const bars = sorted.slice(0, sorted.length <= MOST_BARS + 1 ? undefined : MOST_BARS);
  const rest = sorted.slice(bars.length);
  if (rest.length > 0) {
    const seconds = rest.reduce((sum, one) => sum + one.seconds, 0);
    bars.push({ key: "\u0000rest", title: `${rest.length} shorter stages`, seconds });
  }
  return {
    id: "stages",
    title: "Time of each stage",
    layout: "wide",
    says:
      timed.length === 0
        ? `${sayMany(stages.length, "stage")}; how long they took was not kept.`
        : `${sayMany(stages.length, "stage")}, ${saySeconds(total)} in all${timed.length < stages.length ? ` for the ${timed.length} whose time was kept` : ""}.`,
    reading:
      "Longest first. A stage is kept under a hash of its settings and of what it was made from: run again, only stages whose hash is new are worked out, and the time shown is that of the run in which a stage was worked out. Times are of the machine that it ran on, and the one thing in this report that another run will not repeat.",
    papers: [],
    panels:
      bars.length === 0
        ? []
        : [
            {
              title: "",
              label: `Seconds of the ${bars.length} longest of ${stages.length} stages`,
              options: barPanel(bars, WIDE),
              narrow: barPanel(bars, NARROW),
            },
          ],
    numbers: {
      caption: "Every stage, in an order in which they can run",
      head: ["Stage", "time", "hash", "made from", "command"],
      rows: stages.map(({ id, title, hash, inputs, command }) => [
        html`${title} <code>${id}</code>`,
        saySeconds(timings[id] ?? Number.NaN),
        html`<code>${hash.slice(0, 12)}</code>`,
        inputs.length === 0
          ? "–"
          : html`<span class="prose">${inputs.map((input) => html`<code>${input}</code> `)}</span>`,
        html`<code>${command}</code>`,
      ]),
    },
  };
}

function barPanel(bars: readonly Bar[], width: number): PlotOptions {
  return {
    width,
    height: MARGINS.top + MARGINS.bottom + ROW * bars.length,
    marginTop: MARGINS.top,
    marginBottom: MARGINS.bottom,
    marginLeft: 2,
    marginRight: 60,
    x: { domain: [0, Math.max(0.001, ...bars.map(({ seconds }) => seconds))], label: null },
    y: { type: "band", domain: bars.map(({ key }) => key), axis: null, paddingInner: 0, paddingOuter: 0 },
    marks: [
      gridX({ ticks: 5, stroke: "var(--rule)", strokeOpacity: 1 }),
      barX(bars, { x: "seconds", y: "key", fill: "var(--bar)", insetTop: 20, insetBottom: 4 }),
      text(bars, {
        x: 0,
        y: "key",
        text: ({ title }: Bar) => shortened(title, Math.floor(width / LETTER)),
        textAnchor: "start",
        dy: -6,
        fill: "var(--ink)",
        stroke: "var(--paper)",
        strokeWidth: 4,
      }),
      text(bars, {
        x: "seconds",
        y: "key",
        text: ({ seconds }: Bar) => saySeconds(seconds),
        textAnchor: "start",
        dx: 6,
        dy: 9,
        fill: "var(--muted)",
      }),
      axisX({
        ticks: 5,
        tickSize: 4,
        label: "seconds",
        labelArrow: "none",
        labelAnchor: "center",
        labelOffset: 36,
        color: "var(--muted)",
      }),
    ],
  };
}
