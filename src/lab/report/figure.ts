import type { PlotOptions } from "@observablehq/plot";
import type { LabResults, StageTimings } from "../results.js";
import type { Html } from "./html.js";
import type { PaperId } from "./papers.js";
import type { Series } from "./series.js";

/** A figure of the report, as data: one file in `figures/` makes one, or none where the results hold nothing for it. */
export interface Figure {
  /** Its anchor in the page. */
  readonly id: string;
  readonly title: string;
  /** What it shows in these results, in a sentence or two worked out from them. */
  readonly says: string;
  /** How to read it. */
  readonly reading: string;
  readonly papers: readonly PaperId[];
  /** How panels stand: two in a row, many small ones, or pairs of small ones. One column each on a phone but the small. */
  readonly layout: "wide" | "pair" | "small";
  readonly legend?: readonly Series[];
  readonly panels: readonly Panel[];
  /** Panels that are folded away, under a line that says what they are. */
  readonly more?: { readonly title: string; readonly panels: readonly Panel[] };
  /** The same in numbers. */
  readonly numbers?: NumberTable;
}

/** One drawing of a figure. */
export interface Panel {
  /** Stands above it. */
  readonly title: string;
  /** Says what is drawn to those who cannot see it; begins with the title. */
  readonly label: string;
  readonly options: PlotOptions;
  /** The same for a phone, where the drawing would otherwise be too small to read. */
  readonly narrow?: PlotOptions;
}

export interface NumberTable {
  readonly caption: string;
  readonly head: readonly string[];
  /** The first cell names the row. */
  readonly rows: readonly (readonly (string | Html)[])[];
}

export type MakeFigure = (results: LabResults, timings: StageTimings) => Figure | undefined;
