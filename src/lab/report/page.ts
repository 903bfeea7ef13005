import type { LabResults, StageTimings } from "../results.js";
import type { Figure, MakeFigure } from "./figure.js";
import { couplingSweep } from "./figures/coupling-sweep.js";
import { layerSimilarity } from "./figures/layer-similarity.js";
import { layerVariance } from "./figures/layer-variance.js";
import { networksInPlane } from "./figures/networks-in-plane.js";
import { stageTimes } from "./figures/stage-times.js";
import { straightLine } from "./figures/straight-line.js";
import { trainingCurves } from "./figures/training-curves.js";
import { unitMap } from "./figures/unit-map.js";
import { zipDepth } from "./figures/zip-depth.js";
import { type Html, html, markup } from "./html.js";
import type { PaperId } from "./papers.js";
import { renderFigure } from "./render-figure.js";
import { sayCount, sayMany, unbroken } from "./say.js";
import { SCRIPT } from "./script.js";
import { expectations } from "./sections/expectations.js";
import { makeItAgain } from "./sections/make-it-again.js";
import { paperList } from "./sections/paper-list.js";
import { resultTable } from "./sections/result-table.js";
import { samples } from "./sections/samples.js";
import { STYLE } from "./style.js";
import { themeRules } from "./theme.js";

interface Section {
  readonly id: string;
  readonly title: string;
  /** In the row of links at the top. */
  readonly short: string;
  readonly before?: Html;
  readonly figures: readonly MakeFigure[];
  readonly after?: Html;
}

/** The whole page. Sections for which the results hold nothing are left out. */
export async function renderPage(results: LabResults, timings: StageTimings): Promise<string> {
  const cited = new Set<PaperId>();
  let number = 0;
  const drawn = (figure: Figure | undefined): Html[] => {
    if (figure === undefined) return [];
    for (const paper of figure.papers) cited.add(paper);
    number += 1;
    return [renderFigure(figure, number)];
  };
  const sections = sectionsOf(results).flatMap(({ id, title, short, before, figures, after }) => {
    const parts = figures.flatMap((make) => drawn(make(results, timings)));
    if (before === undefined && parts.length === 0 && after === undefined) return [];
    return [{ id, title, short, content: html`${before}${parts}${after}` }];
  });
  const papers =
    cited.size === 0 ? [] : [{ id: "papers", title: "Papers", short: "Papers", content: paperList(cited) }];
  const [first, ...others] = [...sections, ...papers];
  const style = `${themeRules()}${STYLE}`;
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${await digest(SCRIPT)}'`;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="generator" content="onebasin ${results.onebasin}">
<meta name="description" content="${results.summary}">
<title>${titleOf(results)}</title>
<link rel="icon" href="${ICON}">
<style>${markup(style)}</style>
</head>
<body>
<a class="skip" href="#results">Skip to the results</a>
<div class="page">
<header class="top"><strong>onebasin lab</strong>
<nav aria-label="In this report"><ul>${others.map(({ id, short }) => html`<li><a href="#${id}">${short}</a></li>`)}</ul></nav>
<button type="button" id="theme" hidden>Dark</button></header>
<main>
<div class="title">
<h1>${titleOf(results)}</h1>
<p class="summary">${unbroken(results.summary)}</p>
<p class="made">${madeOf(results)}</p>
</div>
<section class="first" id="${first.id}" aria-labelledby="${first.id}-title"><h2 class="hidden" id="${first.id}-title">${first.title}</h2>${first.content}
</section>
${others.map(
  ({ id, title, content }) => html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>
${content}</section>
`,
)}</main>
<footer>Made by onebasin ${results.onebasin}. This page asks no server for anything.</footer>
</div>
<script>${markup(SCRIPT)}</script>
</body>
</html>
`;
  return page.markup;
}

const sectionsOf = (results: LabResults): readonly Section[] => [
  { id: "results", title: "Results", short: "Results", before: resultTable(results), figures: [networksInPlane] },
  {
    id: "expectations",
    title: "What was expected, and what was seen",
    short: "Expectations",
    before: results.expectations.length > 0 ? expectations(results) : undefined,
    figures: [],
  },
  {
    id: "samples",
    title: "Samples and mistakes",
    short: "Samples",
    before: results.samples.some((set) => set.samples.length > 0) ? samples(results) : undefined,
    figures: [],
  },
  { id: "merging", title: "Between the parents", short: "Line", figures: [straightLine] },
  { id: "coupled", title: "From trained apart to one trunk", short: "Coupling", figures: [couplingSweep] },
  { id: "zipped", title: "One trunk, as deep as it goes", short: "Zip", figures: [zipDepth] },
  { id: "layers", title: "Layer by layer", short: "Layers", figures: [layerVariance, layerSimilarity, unitMap] },
  { id: "learning", title: "Training and time", short: "Training", figures: [trainingCurves, stageTimes] },
  { id: "again", title: "Make it again", short: "Make it again", before: makeItAgain(results), figures: [] },
];

const titleOf = ({ experiment: { datasets } }: LabResults): string =>
  `${datasets[0]} and ${datasets[1]} in one network`;

function madeOf({ experiment, networks }: LabResults): string {
  const { architecture, parameters, datasets, seeds, trainImages } = experiment;
  const merged = networks.filter(({ isMerged }) => isMerged).length;
  return (
    `Two networks of the architecture ${architecture} (${sayCount(parameters)} parameters), one trained on ${sayCount(trainImages[0])} images of ${datasets[0]}, ` +
    `the other on ${sayCount(trainImages[1])} of ${datasets[1]}, and ${sayMany(merged, "network")} merged; ${sayMany(seeds.length, "seed")}.`
  );
}

/** Two circles that become one. */
const ICON =
  "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Cg fill='none' stroke='%23bf4a0b' stroke-width='3'%3E%3Ccircle cx='12' cy='16' r='9'/%3E%3Ccircle cx='20' cy='16' r='9'/%3E%3C/g%3E%3C/svg%3E";

/** SHA-256 in base64, by which the browser knows the one script that may run. */
async function digest(text: string): Promise<string> {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
  return btoa(String.fromCharCode(...bytes));
}
