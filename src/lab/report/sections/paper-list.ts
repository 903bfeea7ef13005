import { type Html, html } from "../html.js";
import { PAPERS, type Paper, type PaperId } from "../papers.js";

/** The papers that are cited, by first author. */
export function paperList(cited: ReadonlySet<PaperId>): Html {
  const papers = (Object.entries(PAPERS) as [PaperId, Paper][]).filter(([id]) => cited.has(id));
  return html`<ul class="papers">${papers.map(
    ([id, { authors, title, venue, url }]) =>
      html`<li id="paper-${id}">${authors}: <cite>${title}</cite>. ${venue}. <a href="${url}" rel="noreferrer">${url.replace("https://", "")}</a></li>
`,
  )}</ul>`;
}
