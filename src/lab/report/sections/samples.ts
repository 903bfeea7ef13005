import type { LabResults, NetworkResult, Sample, SampleSet } from "../../results.js";
import { bestMerged, parentsOf } from "../find-network.js";
import { type Html, html } from "../html.js";

interface Asked {
  readonly id: string;
  readonly title: string;
}

interface Kind {
  readonly title: string;
  readonly holds: (sample: Sample) => boolean;
}

/** A picture in a report is small; a string that is no base64 is no picture. */
const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/;

/** Images of both datasets with what networks said of them, mistakes first. */
export function samples(results: LabResults): Html {
  const { experiment } = results;
  const sets = results.samples.filter((set) => set.samples.length > 0);
  return html`<p class="lead">Under each image stands what it is, and what each network said; a wrong answer is struck through.${experiment.seeds.length > 1 && " First seed only."}</p>
${sets.map((set) => sampleSet(set, results))}`;
}

function sampleSet({ dataset, samples: all }: SampleSet, results: LabResults): Html {
  const asked = results.networks.filter(({ id }) => all.some(({ said }) => id in said));
  const kinds = kindsOf(asked, results);
  const placed = all.map((sample) => ({ sample, kind: kinds.find(({ holds }) => holds(sample)) }));
  return html`<section class="samples" aria-label="Samples of ${dataset}"><h3>${dataset}</h3>
${kinds.map((kind) => {
  const of = placed.filter((one) => one.kind === kind);
  return (
    of.length > 0 &&
    html`${kind.title !== "" && html`<h4>${kind.title}</h4>`}<ul class="cards">${of.map(({ sample }) => card(sample, { asked, classes: results.experiment.classes }))}</ul>
`
  );
})}</section>`;
}

/** Told by what the best merged network said, or another merged one where that was not asked. */
function kindsOf(asked: readonly NetworkResult[], results: LabResults): readonly Kind[] {
  const parents = parentsOf(results).map(({ id }) => id);
  const best = bestMerged(results);
  const judged = asked.find((one) => one === best) ?? asked.findLast(({ isMerged }) => isMerged);
  if (judged === undefined) return [{ title: "", holds: () => true }];
  const isRight = (sample: Sample, id: string): boolean => sample.said[id] === sample.label;
  const merged = (sample: Sample): boolean => isRight(sample, judged.id);
  const some = (sample: Sample): boolean => parents.some((id) => isRight(sample, id));
  const every = (sample: Sample): boolean => parents.every((id) => isRight(sample, id));
  const name = judged.title;
  return [
    { title: `“${name}” is wrong, a parent is right`, holds: (sample) => !merged(sample) && some(sample) },
    { title: `“${name}” is right, a parent is wrong`, holds: (sample) => merged(sample) && !every(sample) },
    { title: `“${name}” is wrong, and so are both parents`, holds: (sample) => !merged(sample) && !some(sample) },
    { title: `“${name}” is right, and so are both parents`, holds: () => true },
  ];
}

function card(sample: Sample, { asked, classes }: { asked: readonly Asked[]; classes: readonly string[] }): Html {
  const nameOf = (index: number): string => classes[index] ?? String(index);
  const label = nameOf(sample.label);
  return html`<li>${
    BASE64.test(sample.png) &&
    html`<img src="data:image/png;base64,${sample.png}" alt="Test image ${sample.index}, of class ${label}" width="64" height="64">`
  }
<p class="truth">${label}</p><dl>${asked
    .filter(({ id }) => id in sample.said)
    .map(({ id, title }) => {
      const said = nameOf(sample.said[id]);
      const isRight = sample.said[id] === sample.label;
      return html`<div><dt>${title}</dt><dd>${isRight ? said : html`<s>${said}</s><span class="hidden"> (wrong)</span>`}</dd></div>`;
    })}</dl></li>`;
}
