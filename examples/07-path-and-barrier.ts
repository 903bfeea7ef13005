/**
 * On the straight line between two networks the loss rises to a barrier. After aligning it is lower, and lower still where
 * the statistics are repaired at every point: nearly one basin. (Statistics of both kinds of digits cost the ends of the
 * line what they give its middle.)
 *
 *     npx tsx examples/07-path-and-barrier.ts [FOLDER]
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { align, evaluatePath, loadDataset, pathChart, repair } from "onebasin/network";
import { network, pen, plate, runtime, trained } from "./support/two-tasks.js";

const folder = process.argv[2] ?? "example";
const a = await trained(pen, { seed: 0 });
const b = await trained(plate, { seed: 1 });
const data = { images: [pen, plate], batches: 10 };
const { models } = await align([a, b], { runtime, network, using: "activations", data });
const test = await loadDataset("pen", { split: "test", limit: 250 });

await mkdir(folder, { recursive: true });
for (const [name, other] of [
  ["b", b],
  ["b aligned", models[1]],
] as const) {
  const path = await evaluatePath({ network, a, b: other }, [test], {
    runtime,
    points: 7,
    repair: async (state) => (await repair({ network, state }, { runtime, data: { ...data, batches: 4 } })).state,
  });
  for (const { repaired, accuracy, barrier } of path.curves) {
    console.log(`From a to ${name}${repaired ? ", repaired" : ""}: barrier ${barrier.toFixed(1)} nats`);
    for (const [i, t] of path.t.entries()) {
      const percent = Math.round(accuracy[i]);
      console.log(`  t = ${t.toFixed(2)}  ${`${percent} %`.padStart(5)}  ${"█".repeat(Math.round(percent / 3))}`);
    }
  }
  const chart = join(folder, `path-to-${name.replace(" ", "-")}.svg`);
  await writeFile(chart, pathChart(path, { names: ["a", name] }));
  console.log(`Drawn in ${chart}\n`);
}
