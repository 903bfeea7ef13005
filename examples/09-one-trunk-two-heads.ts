/**
 * The pull need not be the same in all layers. With the layers near the image tied and the last ones free, two networks
 * become one trunk with a head for each task: shared numbers are stored once, and one ONNX file holds it all.
 *
 *     npx tsx examples/09-one-trunk-two-heads.ts [FOLDER]
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { evaluate, joinHeads, loadDataset, runCoupling, serializeOnnx } from "onebasin/network";
import { heading, judge, network, pen, plate, runtime, settings } from "./support/two-tasks.js";

const folder = process.argv[2] ?? "example";
const { states, plan } = await runCoupling(
  [
    { network, images: pen },
    { network, images: plate },
  ],
  { ...settings, lambda: 1, depth: { kind: "cut", layer: "fc1" } },
);
heading("");
await judge("network of pen", states[0]);
await judge("network of plate", states[1]);

const joined = joinHeads([
  { name: "pen", network, state: states[0] },
  { name: "plate", network, state: states[1] },
]);
await mkdir(folder, { recursive: true });
const file = join(folder, "heads.onnx");
await writeFile(file, serializeOnnx(joined.network, { state: joined.state }));

const tied = plan.parameters.filter(({ strength }) => strength === Number.POSITIVE_INFINITY);
console.log(`\nTied: ${tied.map(({ key }) => key).join(", ")}`);
console.log(`${file} has the outputs ${joined.network.outputs.map(({ name }) => name).join(" and ")}.`);
for (const head of ["pen", "plate"]) {
  const test = await loadDataset(head, { split: "test", limit: 500 });
  const { accuracy } = await evaluate(joined, test, { runtime, head });
  console.log(`  head "${head}" on ${head}: ${Math.round(accuracy)} %`);
}
