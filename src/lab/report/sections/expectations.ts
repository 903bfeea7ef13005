import type { Expectation, LabResults } from "../../results.js";
import { type Html, html } from "../html.js";
import { unbroken } from "../say.js";

/** What theory leads one to expect, and whether it was seen. */
export function expectations({ expectations: all }: LabResults): Html {
  const held = all.filter(({ held: has }) => has).length;
  return html`<p class="lead">${
    held === all.length
      ? all.length === 1
        ? "One order was expected, and it was seen."
        : `All ${all.length} orders that were expected were seen.`
      : `Of ${all.length} expected order${all.length === 1 ? "" : "s"}, ${held} ${held === 1 ? "was" : "were"} seen and ${all.length - held} ${all.length - held === 1 ? "was" : "were"} not.`
  }</p>
<ul class="expectations">${[...all].sort((one, other) => Number(other.held) - Number(one.held)).map(item)}</ul>`;
}

const item = ({ text, held, explanation }: Expectation): Html => html`<li class="${held ? "held" : "missed"}">
<p><span class="mark" aria-hidden="true">${held ? "✓" : "✗"}</span><span class="verdict">${held ? "Held" : "Did not hold"}</span> <strong>${text}</strong></p>
<p>${unbroken(explanation)}</p></li>
`;
