/**
 * Two networks trained apart are put in one order: by comparing their weights, or what their units do on images. The
 * aligned network computes what it computed before. Now the mean mixes units with their counterparts.
 */
import { merge, toStateDict } from "onebasin";
import { align } from "onebasin/network";
import { heading, judge, network, pen, plate, runtime, trained } from "./support/two-tasks.js";

const a = await trained(pen, { seed: 0 });
const b = await trained(plate, { seed: 1 });
const data = { images: [pen, plate], batches: 10 };

heading("");
await judge("a: trained on pen", a);
await judge("b: trained on plate", b);
await judge("mean of a and b", await toStateDict(await merge([a, b], { method: "mean" })));
for (const using of ["weights", "activations"]) {
  const { models, distances, moved, proof = 1 } = await align([a, b], { runtime, network, using, data });
  const [, aligned] = models;
  console.log(`\nb aligned to a by ${using}`);
  await judge("b aligned", aligned);
  await judge("mean of a and b aligned", await toStateDict(await merge([a, aligned], { method: "mean" })));
  const [{ before, after }] = distances;
  const counts = [...moved[0]].map(([group, it]) => `${it.moved} of ${it.units} in ${group}`);
  console.log(`  Units that moved: ${counts.join(", ")}.`);
  console.log(`  Distance of a and b: ${before.toFixed(1)} before, ${after.toFixed(1)} after.`);
  console.log(`  Any such order leaves the outputs alone, to rounding: ${proof < 1e-4}.`);
}
