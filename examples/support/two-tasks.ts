/** What the programs share: two kinds of drawn digits, a small network, and how well numbers for it do on both kinds. */
import type { StateDict } from "onebasin";
import {
  chooseOptimizer,
  createNetwork,
  evaluate,
  type ImageSet,
  loadDataset,
  onnxRuntime,
  runTraining,
} from "onebasin/network";

export const runtime = onnxRuntime;

/** Three convolutions with batch normalisation and two linear layers, for grey images of 16×16. */
export const network = createNetwork("small", { input: [1, 16, 16] }, (layers, image) => {
  let x = image;
  for (const [i, [from, out]] of [
    [1, 8],
    [8, 16],
    [16, 32],
  ].entries()) {
    x = layers.conv(x, `conv${i + 1}`, { in: from, out, kernel: 3, padding: 1 });
    x = layers.relu(layers.batchNorm(x, `bn${i + 1}`, { channels: out }));
    x = layers.maxPool(x, { kernel: 2 });
  }
  x = layers.relu(layers.linear(layers.flatten(x), "fc1", { in: 32 * 2 * 2, out: 64 }));
  return layers.linear(x, "fc2", { in: 64, out: 10 });
});

/** Images to train on, drawn when they are asked for: handwriting, and house numbers on walls. */
export const pen = await loadDataset("pen", { split: "train", limit: 2000 });
export const plate = await loadDataset("plate", { split: "train", limit: 2000 });
const tests = [
  await loadDataset("pen", { split: "test", limit: 500 }),
  await loadDataset("plate", { split: "test", limit: 500 }),
];

/** How networks are trained here, alone or coupled: few epochs, and no weight decay. */
export const settings = { runtime, epochs: 4, batch: 32, optimizer: chooseOptimizer("sgd") };

/** Trains on one kind of digits, from random weights of a seed or from given ones. */
export async function trained(images: ImageSet, start: { seed?: number; initial?: StateDict }): Promise<StateDict> {
  const { state } = await runTraining(network, images, { ...settings, ...start });
  return state;
}

export function heading(title: string): void {
  console.log(`${title.padEnd(44)}   pen  plate`);
}

/** Prints how many percent of the test images of each kind are put into the right class. */
export async function judge(name: string, state: StateDict | ((dataset: string) => StateDict)): Promise<void> {
  let row = name.padEnd(44);
  for (const images of tests) {
    const chosen = typeof state === "function" ? state(images.name) : state;
    const { accuracy } = await evaluate({ network, state: chosen }, images, { runtime });
    row += `${Math.round(accuracy)} %`.padStart(6);
  }
  console.log(row);
}
