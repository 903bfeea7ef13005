/**
 * Trains two networks, one on drawn handwriting and one on drawn house numbers, makes one network out of their
 * weights, and says how well each of them does on both.
 *
 * Twice: with two networks that began with different random weights, and with one that went on from the other's.
 *
 *     npm run example
 */
import { diff, merge, type StateDict, toStateDict } from "onebasin";
import {
  type Evaluation,
  evaluate,
  type ImageSet,
  loadDataset,
  onnxRuntime,
  parseArchitecture,
  runTraining,
} from "onebasin/network";

/** Images to train on, of each kind. */
const limit = Number(process.argv[2] ?? 6000);
const epochs = 5;
const runtime = onnxRuntime;

const { network } = parseArchitecture("lenet5");
const pen = await loadDataset("pen", { split: "train", limit });
const plate = await loadDataset("plate", { split: "train", limit });
const tests = [
  await loadDataset("pen", { split: "test", limit: 1000 }),
  await loadDataset("plate", { split: "test", limit: 1000 }),
];

async function trained(images: ImageSet, start: { seed?: number; initial?: StateDict }): Promise<StateDict> {
  const { state } = await runTraining(network, images, { runtime, epochs, ...start });
  return state;
}

async function report(name: string, state: StateDict): Promise<void> {
  const results: Evaluation[] = [];
  for (const images of tests) results.push(await evaluate({ network, state }, images, { runtime }));
  const cells = results.map(({ accuracy }) => `${accuracy.toFixed(1)} %`.padStart(9));
  console.log(`${name.padEnd(40)}${cells.join("")}`);
}

console.log(`${"".padEnd(40)}      pen    plate`);
const a = await trained(pen, { seed: 0 });
await report("a: trained on pen", a);
for (const [name, start] of [
  ["from other random weights", { seed: 1 }],
  ["going on from a", { initial: a }],
] as const) {
  const b = await trained(plate, start);
  await report(`b: on plate, ${name}`, b);
  for (const method of ["sum", "mean", "slerp"])
    await report(`${method} of a and b`, await toStateDict(await merge([a, b], { method })));
  const { verdict } = await diff(a, b);
  console.log(`  ${verdict.text}\n`);
}
