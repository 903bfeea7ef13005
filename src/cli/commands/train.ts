import { OnebasinError } from "../../core/errors.js";
import type { ImageSet } from "../../data/image-set.js";
import { sliceImages } from "../../data/slice-images.js";
import type { Evaluation } from "../../evaluate/evaluate.js";
import type { Network } from "../../network/graph.js";
import type { StateDict } from "../../tensor/tensor.js";
import type { TrainEvent } from "../../train/train.js";
import { parseCount } from "../arguments.js";
import { type CliCall, defineCommand } from "../command.js";
import { loadDatasets } from "../load-datasets.js";
import { sharedOf } from "../load-networks.js";
import { plainName, TRAINING_OPTIONS, trainingSettings, whatWasTold } from "../training-options.js";

export const train = defineCommand({
  name: "train",
  args: "",
  doc: "Train a network on a dataset, or on several together; the checkpoint has PyTorch's keys.",
  options: [
    { flags: "--arch <architecture>", doc: "vgg16:width=0.25, mlp, net.onnx, net.ts (see: onebasin archs)" },
    { flags: "--data <dataset...>", doc: "one or more: mnist, svhn, pen, folder:DIR, … (see: onebasin data)" },
    { flags: "-o, --output <path>", doc: "checkpoint to write (default: ARCH-DATA.safetensors)" },
    { flags: "--holdout <n>", doc: "keep the last n training images of each dataset to validate by after each epoch" },
    { flags: "--patience <n>", doc: "stop when the loss has not fallen for n epochs" },
    { flags: "--init <checkpoint>", doc: "start from these weights instead of random ones" },
    ...TRAINING_OPTIONS,
  ],
  examples: [
    "onebasin train --arch vgg16:width=0.25 --data mnist -o mnist.pth",
    "onebasin train --arch lenet5 --data pen plate --limit 6000 --epochs 3",
    "onebasin train --arch mlp --data mnist --optimizer adam --lr 0.001 --holdout 5000 --patience 2",
  ],
  run: async (call) => {
    const { options, output, signal } = call;
    const setup = await prepare(call);
    const { name, network, training, holdout, path, seed, threads, run } = setup;
    const library = await import("../../train/train.js");
    const { historyLines } = await import("../../train/snapshot.js");
    const { evaluate } = await import("../../evaluate/evaluate.js");
    const { onnxRuntime } = await import("../../node/onnx-runtime.js");
    const { save } = await import("../../node/checkpoints.js");
    const { ARCHITECTURE_KEY } = await import("../../node/load-architecture.js");
    const { readSnapshot, removeSnapshot, writeSnapshot, writeText } = await import("../../node/training-files.js");
    const judge = async (state: StateDict, sets: readonly ImageSet[]): Promise<Judged[]> => {
      const judged: Judged[] = [];
      for (const set of sets) {
        const score = await evaluate({ network, state }, set, { runtime: onnxRuntime, threads, signal });
        judged.push({ dataset: set.name, ...score });
      }
      return judged;
    };
    const iteration = library.train(network, training, {
      ...setup.settings,
      runtime: onnxRuntime,
      threads,
      seed,
      signal,
      patience: parseCount("--patience", options.patience),
      initial: setup.initial,
      resume: options.resume === true ? await readSnapshot(path, { run }) : undefined,
      validate: holdout === undefined ? undefined : async (state) => together(await judge(state, holdout)),
    });
    let step = await iteration.next();
    while (!step.done) {
      report(step.value, call);
      if (step.value.kind === "epoch") await writeSnapshot(path, { snapshot: step.value.snapshot(), run });
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
    const tests = await judge(state, setup.tests);
    const shown = training.map((set) => `${set.count} images of ${set.name}`).join(" and ");
    output.result([`${path}: ${name} trained on ${shown}`, ...tests.map(scoreLine)].join("\n"), {
      checkpoint: path,
      architecture: name,
      training: training.map((set) => ({ dataset: set.name, count: set.count })),
      epoch,
      stoppedEarly,
      history,
      tests,
      bytes: written.bytesWritten,
    });
  },
});

/** How well the network does on one dataset. */
interface Judged extends Evaluation {
  readonly dataset: string;
}

const scoreLine = ({ dataset, accuracy, loss, count }: Judged): string =>
  `  ${dataset}: ${accuracy.toFixed(2)} % of ${count} test images, loss ${loss.toFixed(4)}`;

/** Of several datasets as if they were one. */
function together(judged: readonly Judged[]): Evaluation {
  const count = judged.reduce((sum, it) => sum + it.count, 0);
  const mean = (which: "accuracy" | "loss"): number =>
    judged.reduce((sum, it) => sum + it[which] * (it.count / count), 0);
  return { accuracy: mean("accuracy"), loss: mean("loss"), count };
}

/** Everything that is checked and loaded before the first step. */
async function prepare(call: CliCall) {
  const { options } = call;
  const [arch, names] = [options.arch as string | undefined, options.data as string[] | undefined];
  if (arch === undefined || names === undefined) {
    throw new OnebasinError("usage", "train needs --arch and --data.", {
      hint: "onebasin train --arch vgg16:width=0.25 --data mnist",
    });
  }
  const { loadArchitecture } = await import("../../node/load-architecture.js");
  const { checkOutputCheckpoint } = await import("../../node/check-output.js");
  const seed = parseCount("--seed", options.seed, 0) ?? 0;
  const threads = parseCount("--threads", options.threads);
  const limit = parseCount("--limit", options.limit);
  const kept = parseCount("--holdout", options.holdout);
  const settings = await trainingSettings(call);
  const path = (options.output as string | undefined) ?? `${[arch, ...names].map(plainName).join("-")}.safetensors`;
  await checkOutputCheckpoint(path);
  const { name, network } = await loadArchitecture(arch);
  const divided = (await loadDatasets(names, { split: "train", limit, seed, call })).map((set) => divide(set, kept));
  const testLimit = parseCount("--test-limit", options.testLimit);
  const tests = await loadDatasets([...new Set(names)], { split: "test", limit: testLimit, call });
  return {
    name,
    network,
    settings,
    tests,
    training: divided.map(({ images }) => images),
    holdout: kept === undefined ? undefined : divided.map(({ holdout }) => holdout),
    path,
    seed,
    threads,
    initial: options.init === undefined ? undefined : await firstState(options.init as string, network, call),
    run: JSON.stringify(whatWasTold(call)),
  };
}

async function firstState(path: string, network: Network, call: CliCall): Promise<StateDict> {
  const { open, toStateDict } = await import("../../node/checkpoints.js");
  const { checkFit } = await import("../../network/check-fit.js");
  const { throwProblems } = await import("../../core/errors.js");
  const whole = { path, state: await toStateDict(await open(path)) };
  const [state] = await sharedOf([whole], [network], call);
  throwProblems(checkFit(network, state, { source: path }), path);
  return state;
}

/** The last `kept` images are not trained on, to validate by. */
function divide(all: ImageSet, kept = 0): { readonly images: ImageSet; readonly holdout: ImageSet } {
  if (kept >= all.count) {
    throw new OnebasinError(
      "bad-argument",
      `--holdout ${kept} leaves nothing of ${all.count} images of ${all.name} to train on.`,
    );
  }
  const from = all.count - kept;
  return { images: sliceImages(all, 0, from), holdout: sliceImages(all, from, all.count) };
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
