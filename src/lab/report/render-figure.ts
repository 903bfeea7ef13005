import { drawPlot } from "./draw-plot.js";
import type { Figure, NumberTable, Panel } from "./figure.js";
import { type Html, html } from "./html.js";
import { PAPERS, type PaperId } from "./papers.js";
import { unbroken } from "./say.js";
import { legend } from "./series.js";

/** A figure as markup: drawings, what they show, how to read them, the papers behind, the same in numbers. */
export function renderFigure(figure: Figure, number: number): Html {
  const { id, title, says, reading, papers, layout, panels, more, numbers } = figure;
  return html`<figure id="${id}" class="${layout}${layout === "pair" && panels.length % 2 === 1 && " odd"}" aria-labelledby="${id}-head">
<h3 id="${id}-head"><span class="number">Figure ${number}</span> ${title}</h3>
<p class="says">${unbroken(says)}</p>
${figure.legend !== undefined && legend(figure.legend, { id })}
<div class="panels">${panels.map((panel, i) => renderPanel(panel, `${id}-${i + 1}`))}</div>
${
  more !== undefined &&
  html`<details><summary>${more.title}</summary><div class="panels">${more.panels.map((panel, i) => renderPanel(panel, `${id}-more-${i + 1}`))}</div></details>`
}
<figcaption>${unbroken(reading)}${papers.length > 0 && html` <span class="cited">${cite(papers)}</span>`}</figcaption>
</figure>
${numbers !== undefined && renderNumbers(numbers)}`;
}

function renderPanel({ title, label, options, narrow }: Panel, id: string): Html {
  const heading = title !== "" && html`<p class="panel-title">${title}</p>`;
  const drawing = drawPlot(options, { id, label });
  if (narrow === undefined) return html`<div class="panel">${heading}${drawing}</div>`;
  return html`<div class="panel">${heading}<div class="wide-only">${drawing}</div><div class="narrow">${drawPlot(narrow, { id: `${id}-narrow`, label })}</div></div>`;
}

/** `(Ainsworth et al. 2023; Jordan et al. 2023)`, each a link to the list of papers. */
const cite = (papers: readonly PaperId[]): Html =>
  html`(${papers.map((id, i) => html`${i > 0 && "; "}<a href="#paper-${id}">${PAPERS[id].short}</a>`)})`;

/** A table of numbers, folded away, that scrolls by itself where the page is narrow. */
export function renderNumbers({ caption, head, rows }: NumberTable): Html {
  return html`<details class="numbers"><summary>${caption}</summary>
<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table><caption>${caption}</caption>
<thead><tr>${head.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([name, ...cells]) => html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>
`,
  )}</tbody></table></div></details>`;
}
