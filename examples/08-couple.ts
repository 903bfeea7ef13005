/**
 * Where networks are yours to train, they can be kept together from the start: each learns its own task, and a pull of
 * strength λ holds their weights near each other. From λ = 0, two networks apart, to infinity, one network for both.
 */
import { merge, toStateDict } from "onebasin";
import { repair, runCoupling } from "onebasin/network";
import { heading, judge, network, pen, plate, runtime, settings } from "./support/two-tasks.js";

const networks = [
  { network, images: pen },
  { network, images: plate },
];

heading("");
for (const lambda of [0, 0.2, 2, Number.POSITIVE_INFINITY]) {
  const { states, history } = await runCoupling(networks, { ...settings, epochs: 2, lambda });
  const { relative } = history[history.length - 1];
  const state = await toStateDict(await merge(states, { method: "mean" }));
  const repaired = await repair({ network, state }, { runtime, data: { images: [pen, plate], batches: 10 } });
  console.log(`λ = ${lambda}: the networks are ${Math.round(100 * relative)} % apart`);
  await judge("  trained on pen", states[0]);
  await judge("  trained on plate", states[1]);
  await judge("  mean", state);
  await judge("  mean, repaired", repaired.state);
}
