/**
 * A mean needs a counterpart for every unit, also for those that have none. Zip joins units that do the same, of different
 * networks or of one, and only up to some layer: below it the networks become one trunk, above it each keeps its own layers
 * as a head, judged on its own kind of digits. The shallower the zip, the better the heads, and the more there is to store.
 */
import { merge, toStateDict } from "onebasin";
import { align, evaluate, loadDataset, repair, zip } from "onebasin/network";
import { heading, judge, network, pen, plate, runtime, trained } from "./support/two-tasks.js";

const a = await trained(pen, { seed: 0 });
const b = await trained(plate, { seed: 1 });
const data = { images: [pen, plate], batches: 10 };
heading("");
await judge("a: trained on pen", a);
await judge("b: trained on plate", b);
const { models } = await align([a, b], { runtime, network, using: "activations", data });
const state = await toStateDict(await merge(models, { method: "mean" }));
await judge("mean, aligned and repaired", (await repair({ network, state }, { runtime, data })).state);

const numbers = (of: ReadonlyMap<string, { readonly shape: readonly number[] }>): number =>
  [...of.values()].reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0);

const heads = [
  { name: "pen", network, state: a },
  { name: "plate", network, state: b },
];
const tests = await Promise.all(["pen", "plate"].map((name) => loadDataset(name, { split: "test", limit: 500 })));
for (const depth of ["all", 3, 2, 1] as const) {
  const zipped = await zip(heads, { runtime, data: { images: [pen, plate] }, depth, params: { batches: 10 } });
  const own: string[] = [];
  for (const test of tests) {
    const { accuracy } = await evaluate(zipped, test, { runtime, head: test.name });
    own.push(`${Math.round(accuracy)} %`.padStart(6));
  }
  const { report } = zipped;
  const size = (numbers(zipped.state) / numbers(a)).toFixed(1);
  console.log(`zipped ${report.depth} of ${report.of} layers, ${size} times the size`.padEnd(44) + own.join(""));
}
