import type { LabResults, NetworkGroup, NetworkResult, Range } from "../../results.js";
import { bestMerged } from "../find-network.js";
import { GROUPS } from "../groups.js";
import { type Html, html } from "../html.js";
import { renderNumbers } from "../render-figure.js";
import { sayLoss, sayPercent, sayRange } from "../say.js";

/** Networks by datasets, with bars. */
export function resultTable(results: LabResults): Html {
  const { networks, experiment } = results;
  const best = bestMerged(results);
  const hasSeeds = experiment.seeds.length > 1;
  const groups = (Object.keys(GROUPS) as NetworkGroup[]).filter((group) => networks.some((one) => one.group === group));
  return html`<div class="table-wrap"><table class="results${hasSeeds && " with-ends"}">
<caption>Accuracy in percent on ${countOf(experiment.testImages)} test images${hasSeeds && `: median over ${experiment.seeds.length} seeds, and the range`}. ${best !== undefined && "The best merged network is in bold."}</caption>
<thead><tr><th scope="col">Network</th>${experiment.datasets.map((name) => html`<th scope="col">${name}</th>`)}<th scope="col">mean</th></tr></thead>
${groups.map(
  (group) => html`<tbody>
<tr class="group"><th scope="rowgroup" colspan="4">${GROUPS[group]}</th></tr>
${networks.filter((one) => one.group === group).map((network) => row(network, network === best))}</tbody>
`,
)}</table></div>
${renderNumbers(detailsOf(results))}`;
}

const countOf = ([one, other]: readonly [number, number]): string =>
  one === other
    ? `${one.toLocaleString("en-US")}`
    : `${one.toLocaleString("en-US")} and ${other.toLocaleString("en-US")}`;

function row(network: NetworkResult, isBest: boolean): Html {
  const kind = isBest ? "best" : network.isMerged ? "merged" : "other";
  return html`<tr class="${kind}"><th scope="row">${network.title}${isBest && html` <span class="tag">best merged</span>`}</th>${[
    ...network.accuracy,
    network.mean,
  ].map(cell)}</tr>
`;
}

function cell(range: Range): Html {
  if (!Number.isFinite(range.median)) return html`<td>–</td>`;
  const ends = sayRange(range);
  const share = (value: number): string => Math.max(0, Math.min(100, value)).toFixed(1);
  return html`<td><span class="cell"><span class="value">${sayPercent(range.median)}</span><span class="bar" aria-hidden="true"><i style="width:${share(range.median)}%"></i>${
    ends !== "" && html`<b style="left:${share(range.min)}%;width:${share(range.max - range.min)}%"></b>`
  }</span>${ends !== "" && html`<span class="ends">${ends}</span>`}</span></td>`;
}

function detailsOf({ networks, experiment }: LabResults) {
  const { datasets, seeds } = experiment;
  const hasSeeds = seeds.length > 1;
  return {
    caption: hasSeeds
      ? "How each network was made, its loss, and each seed"
      : "How each network was made, and its loss",
    head: [
      "Network",
      "made by",
      ...datasets.map((name) => `loss on ${name} (nats)`),
      ...(hasSeeds ? seeds.map((seed) => `seed ${seed} (%)`) : []),
    ],
    rows: networks.map(({ id, title, detail, loss, bySeed }) => [
      html`${title} <code>${id}</code>`,
      html`<span class="prose">${detail}</span>`,
      ...loss.map((range) => {
        const ends = sayRange(range, sayLoss);
        return ends === "" ? sayLoss(range.median) : `${sayLoss(range.median)} (${ends})`;
      }),
      ...(hasSeeds ? bySeed.map((scores) => scores.map(({ accuracy }) => sayPercent(accuracy)).join(", ")) : []),
    ]),
  };
}
