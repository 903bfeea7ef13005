import { OnebasinError } from "../../core/errors.js";
import { parseNamed } from "../../core/parse-named.js";
import type { ImageSet } from "../../data/image-set.js";
import type { Network } from "../../network/graph.js";
import type { StateDict } from "../../tensor/tensor.js";
import type { TrainEvent } from "../../train/train.js";
import { parseCount, parseNumber } from "../arguments.js";
import { type CliCall, defineCommand } from "../command.js";

/** What training uses unless told: the settings of the reference runs in docs/training.md. */
const USUAL = { optimizer: "sgd:weight-decay=0.0005", schedule: "one-cycle" } as const;

export const train = defineCommand({
  name: "train",
  args: "",
  doc: "Train a network on a dataset; the checkpoint has PyTorch's keys.",
  options: [
    { flags: "--arch <architecture>", doc: "vgg16:width=0.25, mlp, net.onnx, net.ts (see: onebasin archs)" },
    { flags: "--data <dataset>", doc: "mnist, svhn, pen, folder:DIR, … (see: onebasin data)" },
    { flags: "-o, --output <path>", doc: "checkpoint to write (default: ARCH-DATA.safetensors)" },
    { flags: "--epochs <n>", doc: "times through the images (default: 10)" },
    { flags: "--batch <n>", doc: "images a step (default: 64)" },
    { flags: "--lr <rate>", doc: "largest learning rate (default: the optimizer's, 0.05 for sgd)" },
    { flags: "--optimizer <optimizer>", doc: `sgd, adam or adamw, with options (default: ${USUAL.optimizer})` },
    {
      flags: "--schedule <schedule>",
      doc: `constant, step, cosine or one-cycle, with options (default: ${USUAL.schedule})`,
    },
    { flags: "--label-smoothing <share>", doc: "share of the target spread over all classes (default: 0)" },
    { flags: "--augment <options>", doc: "random changes: shift=2,crop=0.2,colour=0.3 (default: none)" },
    { flags: "--limit <n>", doc: "only the first n training images" },
    { flags: "--holdout <n>", doc: "keep the last n training images to validate by after each epoch" },
    { flags: "--patience <n>", doc: "stop when the loss has not fallen for n epochs" },
    { flags: "--init <checkpoint>", doc: "start from these weights instead of random ones" },
    { flags: "--resume", doc: "go on where an interrupted run with the same options stopped" },
  ],
  examples: [
    "onebasin train --arch vgg16:width=0.25 --data mnist -o mnist.pth",
    "onebasin train --arch lenet5 --data pen --limit 6000 --epochs 3",
    "onebasin train --arch mlp --data mnist --optimizer adam --lr 0.001 --holdout 5000 --patience 2",
  ],
  run: async (call) => {
    const { options, output, signal } = call;
    const setup = await prepare(call);
    const { name, network, images, holdout, path, environment, seed, threads } = setup;
    const { train: run } = await import("../../train/train.js");
    const { chooseOptimizer, chooseSchedule } = await import("../../train/choose.js");
    const { historyLines } = await import("../../train/snapshot.js");
    const { evaluate } = await import("../../evaluate/evaluate.js");
    const { onnxRuntime } = await import("../../node/onnx-runtime.js");
    const { loadDataset } = await import("../../data/load-dataset.js");
    const { save } = await import("../../node/index.js");
    const { ARCHITECTURE_KEY } = await import("../../node/load-architecture.js");
    const { readSnapshot, removeSnapshot, writeSnapshot, writeText } = await import("../../node/training-files.js");
    const optimizer = parseNamed("--optimizer", options.optimizer ?? USUAL.optimizer);
    const schedule = parseNamed("--schedule", options.schedule ?? USUAL.schedule);
    const judge = (state: Parameters<typeof evaluate>[0]["state"], set: ImageSet) =>
      evaluate({ network, state }, set, { runtime: onnxRuntime, threads, signal });
    const iteration = run(network, images, {
      runtime: onnxRuntime,
      threads,
      seed,
      signal,
      optimizer: chooseOptimizer(optimizer.id, optimizer.params),
      schedule: chooseSchedule(schedule.id, schedule.params),
      rate: parseNumber("--lr", options.lr),
      epochs: parseCount("--epochs", options.epochs),
      batch: parseCount("--batch", options.batch),
      labelSmoothing: parseNumber("--label-smoothing", options.labelSmoothing),
      patience: parseCount("--patience", options.patience),
      augment: setup.augment,
      initial: setup.initial,
      resume: options.resume === true ? await readSnapshot(path) : undefined,
      validate: holdout === undefined ? undefined : (state) => judge(state, holdout),
    });
    let step = await iteration.next();
    while (!step.done) {
      report(step.value, call);
      if (step.value.kind === "epoch") await writeSnapshot(path, step.value.snapshot());
      step = await iteration.next();
    }
    const { state, history, epoch, stoppedEarly } = step.value;
    const written = await save(state, path, { metadata: { [ARCHITECTURE_KEY]: name } });
    await writeText(`${path}.history.jsonl`, historyLines(history));
    await removeSnapshot(path);
    if (stoppedEarly)
      output.note(
        `The loss stopped falling: training ended after ${history.length} epochs; the weights are those of epoch ${epoch}.`,
      );
    const test = await loadDataset(options.data as string, { split: "test", environment });
    const score = await judge(state, test);
    output.result(
      `${path}: ${name} trained on ${images.count} images of ${images.name}; ${score.accuracy.toFixed(2)} % of ${score.count} test images, loss ${score.loss.toFixed(4)}`,
      {
        checkpoint: path,
        architecture: name,
        dataset: images.name,
        images: images.count,
        epoch,
        stoppedEarly,
        history,
        test: score,
        bytes: written.bytesWritten,
      },
    );
  },
});

/** Everything that is checked and loaded before the first step. */
async function prepare({ options, output, signal }: CliCall) {
  const [arch, data] = [options.arch as string | undefined, options.data as string | undefined];
  if (arch === undefined || data === undefined) {
    throw new OnebasinError("usage", "train needs --arch and --data.", {
      hint: "onebasin train --arch vgg16:width=0.25 --data mnist",
    });
  }
  const { loadArchitecture } = await import("../../node/load-architecture.js");
  const { createDatasetCache } = await import("../../node/dataset-cache.js");
  const { loadDataset } = await import("../../data/load-dataset.js");
  const seed = parseCount("--seed", options.seed, 0) ?? 0;
  const threads = parseCount("--threads", options.threads);
  const augment =
    options.augment === undefined ? undefined : parseNamed("--augment", `augment:${options.augment}`).params;
  const { name, network } = await loadArchitecture(arch);
  const environment = createDatasetCache({ onProgress: output.onProgress, signal });
  const all = await loadDataset(data, {
    split: "train",
    limit: parseCount("--limit", options.limit),
    seed,
    environment,
  });
  for (const note of all.notes) output.note(note);
  const { images, holdout } = divide(all, parseCount("--holdout", options.holdout));
  const initial = options.init === undefined ? undefined : await firstState(options.init as string, network);
  const path = (options.output as string | undefined) ?? `${plain(arch)}-${plain(data)}.safetensors`;
  return {
    name,
    network,
    images,
    holdout,
    path,
    environment,
    seed,
    threads,
    augment: augment && numbers(augment),
    initial,
  };
}

async function firstState(path: string, network: Network): Promise<StateDict> {
  const { open, toStateDict } = await import("../../node/index.js");
  const { checkStateDict } = await import("../../network/check-state-dict.js");
  const { throwProblems } = await import("../../core/errors.js");
  const checkpoint = await open(path);
  throwProblems(checkStateDict(network, checkpoint.entries, { source: path }), `${path} as a start of ${network.name}`);
  return toStateDict(checkpoint);
}

/** The name of a file from a name with options: `vgg16:width=0.25` is `vgg16-width-0.25`. */
const plain = (name: string): string => name.replace(/[^A-Za-z0-9._]+/g, "-");

function numbers(params: Readonly<Record<string, string>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(params).map(([key, value]) => [key, parseNumber(`--augment ${key}`, value) as number]),
  );
}

/** The last images are kept to validate by. */
function divide(all: ImageSet, kept: number | undefined): { readonly images: ImageSet; readonly holdout?: ImageSet } {
  if (kept === undefined) return { images: all };
  if (kept >= all.count) {
    throw new OnebasinError("bad-argument", `--holdout ${kept} leaves nothing of ${all.count} images to train on.`);
  }
  const size = all.images.length / all.count;
  const part = (from: number, to: number): ImageSet => ({
    ...all,
    images: all.images.subarray(from * size, to * size),
    labels: all.labels.subarray(from, to),
    count: to - from,
  });
  return { images: part(0, all.count - kept), holdout: part(all.count - kept, all.count) };
}

function report(event: TrainEvent, { output }: CliCall): void {
  if (event.kind === "step") {
    const { step, steps, loss, imagesPerSecond } = event;
    output.onProgress({
      stage: "training",
      done: step,
      total: steps,
      unit: "steps",
      note: `loss ${loss.toFixed(3)}, ${Math.round(imagesPerSecond)} images/s`,
    });
    return;
  }
  const { epoch, loss, accuracy, validationLoss, validationAccuracy } = event.record;
  const validation =
    validationLoss === undefined
      ? ""
      : `; validation loss ${validationLoss.toFixed(4)}, ${validationAccuracy?.toFixed(2)} %`;
  output.say(`epoch ${epoch}: loss ${loss.toFixed(4)}, ${accuracy.toFixed(2)} %${validation}`);
}
