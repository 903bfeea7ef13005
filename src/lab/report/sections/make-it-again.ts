import { stringify } from "yaml";
import type { LabResults } from "../../results.js";
import { type Html, html } from "../html.js";
import { sayCount } from "../say.js";

/** All that one needs to make the results again. */
export function makeItAgain({ experiment, onebasin }: LabResults): Html {
  const { datasets, trainImages, testImages } = experiment;
  const facts: readonly (readonly [string, string | Html])[] = [
    ["onebasin", onebasin],
    ["Preset", experiment.preset],
    ["Seeds", experiment.seeds.join(", ")],
    ["Architecture", html`<code>${experiment.architecture}</code>`],
    ["Parameters", sayCount(experiment.parameters)],
    ...datasets.map(
      (name, i) =>
        [
          `Images of ${name}`,
          `${sayCount(trainImages[i])} to train on, ${sayCount(testImages[i])} to judge by`,
        ] as const,
    ),
    ["Hash of all that the results depend on", html`<code class="hash">${experiment.hash}</code>`],
  ];
  return html`<p class="lead">The same command gives the same results, byte for byte.</p>
${copyable(experiment.command, "Command")}
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
<h3>Settings</h3>
<p>All of them, defaults filled in, as <code>lab.yml</code> may hold them:</p>
${copyable(stringify(experiment.settings).trimEnd(), "lab.yml")}
<p>The numbers of this page lie beside it: <a href="results.json">results.json</a> holds all of them, <a href="results.csv">results.csv</a> those of the table.</p>`;
}

const copyable = (text: string, name: string): Html =>
  html`<div class="copyable"><p><span>${name}</span><button type="button" class="copy" hidden aria-label="Copy: ${name}">Copy</button></p><pre tabindex="0" role="region" aria-label="${name}"><code>${text}</code></pre></div>`;
