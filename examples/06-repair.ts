/**
 * Units of a mean vary less than those of its parents, the less the deeper, and no statistics of batch normalisation that
 * it was given fit. Recomputing them on images repairs a merged network, aligned or not; and an aligned one is helped once
 * more by statistics of its own for each dataset.
 */
import { merge, type StateDict, toStateDict } from "onebasin";
import { align, chooseStatistics, repair } from "onebasin/network";
import { heading, judge, network, pen, plate, runtime, trained } from "./support/two-tasks.js";

const a = await trained(pen, { seed: 0 });
const b = await trained(plate, { seed: 1 });
const data = { images: [pen, plate], batches: 10 };
const { models } = await align([a, b], { runtime, network, using: "activations", data });

heading("");
await judge("a: trained on pen", a);
await judge("b: trained on plate", b);
const pairs: Record<string, readonly StateDict[]> = { "mean of a and b": [a, b], "mean of a and b aligned": models };
for (const [name, parents] of Object.entries(pairs)) {
  const state = await toStateDict(await merge(parents, { method: "mean" }));
  const repaired = await repair({ network, state }, { runtime, data, parents, perDataset: true });
  console.log();
  await judge(name, state);
  await judge("  repaired", chooseStatistics(network, repaired.state, undefined));
  await judge("  with statistics per dataset", (dataset) => chooseStatistics(network, repaired.state, dataset));
  console.log("  Variance beside the parents', before and after:");
  for (const { layer, before, after } of repaired.ratios ?? []) {
    console.log(`    ${layer}  ${before.toFixed(1)}  ${after.toFixed(1)}`);
  }
}
