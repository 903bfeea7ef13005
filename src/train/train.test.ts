import { expect, test } from "vitest";
import { createRandom } from "../core/random.js";
import type { ImageSet } from "../data/image-set.js";
import { evaluate } from "../evaluate/evaluate.js";
import { createInitialState } from "../network/initial-state.js";
import { parseArchitecture } from "../network/parse-architecture.js";
import { onnxRuntime } from "../node/onnx-runtime.js";
import type { StateDict } from "../tensor/tensor.js";
import { chooseOptimizer, chooseSchedule } from "./choose.js";
import { runTraining } from "./run-training.js";
import { historyLines, packSnapshot, type TrainingSnapshot, unpackSnapshot } from "./snapshot.js";
import { type TrainEvent, type TrainOptions, type TrainReport, train } from "./train.js";

/** Bright left half, bright right half or bright top half, with noise. */
function halves(count: number, size: number, noise = 60): ImageSet {
  const random = createRandom(1, "halves", count);
  const images = new Uint8Array(count * size * size);
  const labels = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    labels[i] = i % 3;
    for (let place = 0; place < size * size; place++) {
      const [row, column] = [Math.floor(place / size), place % size];
      const bright = [column < size / 2, column >= size / 2, row < size / 2][labels[i]];
      images[i * size * size + place] = (bright ? 150 : 50) + random.integer(noise);
    }
  }
  return {
    name: "halves",
    split: "train",
    images,
    labels,
    count,
    channels: 1,
    height: size,
    width: size,
    classes: 3,
    notes: [],
  };
}

const { network } = parseArchitecture("mlp:layers=64-16-3");
const set = halves(100, 8);
const runtime = onnxRuntime;

const judgedBy = (images: ImageSet, judged = network) => ({
  validate: (state: StateDict) => evaluate({ network: judged, state }, images, { runtime, threads: 2 }),
});

async function finish(
  options: Partial<TrainOptions>,
  onEvent: (event: TrainEvent) => void = () => {},
  shown = { network, set },
): Promise<TrainReport> {
  const events = train(shown.network, shown.set, { runtime, threads: 2, batch: 16, ...options });
  for (;;) {
    const next = await events.next();
    if (next.done) return next.value;
    onEvent(next.value);
  }
}

test("learns, and tells of every step and epoch", async () => {
  const kinds: string[] = [];
  const report = await finish({ epochs: 3, ...judgedBy(halves(30, 8)) }, ({ kind }) => kinds.push(kind));
  // 100 images make 6 batches of 16.
  const epoch = [...new Array<string>(6).fill("step"), "epoch"];
  expect(kinds).toEqual([...epoch, ...epoch, ...epoch]);
  expect(report).toMatchObject({ epoch: 3, stoppedEarly: false });
  expect(report.history.map(({ step }) => step)).toEqual([6, 12, 18]);
  expect(report.history[2].loss).toBeLessThan(report.history[0].loss);
  const { accuracy, loss } = await evaluate({ network, state: report.state }, halves(30, 8), { runtime });
  expect(accuracy).toBe(100);
  expect(report.history[2]).toMatchObject({ validationAccuracy: 100, validationLoss: loss });
  expect(
    historyLines(report.history)
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual(report.history);
});

const cnn = { network: parseArchitecture("vgg16:width=0.03125,classes=3").network, set: halves(48, 32) };
const cnnOptions = { epochs: 3, schedule: chooseSchedule("one-cycle"), optimizer: chooseOptimizer("adam") };

test("a schedule may move the momentum, from step to step", async () => {
  const [still, moved] = [
    await finish({ epochs: 1, schedule: chooseSchedule("one-cycle") }),
    await finish({ epochs: 1, schedule: chooseSchedule("one-cycle", { momentum: true }) }),
  ];
  expect(moved.history[0].step).toBe(still.history[0].step);
  expect(moved.state).not.toEqual(still.state);
});

test("without a word, networks are trained as by the command line: with weight decay, at a one-cycle rate", async () => {
  const told = {
    optimizer: chooseOptimizer("sgd", { "weight-decay": 0.0005 }),
    schedule: chooseSchedule("one-cycle"),
    rate: 0.05,
    epochs: 10,
  };
  const usual = await finish({});
  expect(usual).toEqual(await finish(told));
  expect(usual.state).not.toEqual((await finish({ ...told, schedule: chooseSchedule("constant") })).state);
  expect(usual.state).not.toEqual((await finish({ ...told, optimizer: chooseOptimizer("sgd") })).state);
});

test("a run of a single step learns by the usual settings", async () => {
  const { state } = await finish({ epochs: 1, batch: 100 });
  const { loss } = await evaluate({ network, state }, set, { runtime });
  const start = createInitialState(network, { seed: 0 });
  expect(loss).toBeLessThan((await evaluate({ network, state: start }, set, { runtime })).loss);
});

test("the same seed gives the same bytes, another seed others", async () => {
  const [first, second, other] = [
    await finish({ ...cnnOptions, epochs: 2 }, undefined, cnn),
    await finish({ ...cnnOptions, epochs: 2 }, undefined, cnn),
    await finish({ ...cnnOptions, epochs: 2, seed: 1 }, undefined, cnn),
  ];
  expect(second).toEqual(first);
  expect(other.state.get("classifier.6.weight")).not.toEqual(first.state.get("classifier.6.weight"));
});

test("a run that is broken off and resumed gives the bytes of one that was not", async () => {
  const snapshots: TrainingSnapshot[] = [];
  const options = { ...cnnOptions, patience: 2, ...judgedBy(halves(9, 32), cnn.network) };
  const whole = await finish(
    options,
    (event) => {
      if (event.kind === "epoch") snapshots.push(event.snapshot());
    },
    cnn,
  );
  const resume = unpackSnapshot(packSnapshot(snapshots[0], { run: "{}" }), { run: "{}", source: "run.safetensors" });
  expect(resume).toEqual(snapshots[0]);
  const resumed = await finish({ ...options, resume }, undefined, cnn);
  expect(resumed).toEqual(whole);
  expect(resumed.state.get("block_1.1.num_batches_tracked")!.bytes[0]).toBe(
    3 * (resumed.epoch === 3 ? 3 : resumed.epoch),
  );
});

test("stops when the loss no longer falls, and gives the best epoch's state", async () => {
  // Labels that say nothing: what is learned of one set does not hold for the other.
  const blur = (seed: number, images: ImageSet): ImageSet => {
    const labels = images.labels.slice();
    createRandom(seed, "labels").shuffle(labels);
    return { ...images, labels };
  };
  const shown = { network, set: blur(1, halves(60, 8)) };
  const validation = blur(2, halves(60, 8, 200));
  const report = await finish({ epochs: 60, patience: 2, rate: 0.2, ...judgedBy(validation) }, undefined, shown);
  expect(report.stoppedEarly).toBe(true);
  expect(report.history).toHaveLength(report.epoch + 2);
  const losses = report.history.map(({ validationLoss }) => validationLoss!);
  expect(losses.indexOf(Math.min(...losses))).toBe(report.epoch - 1);
  const again = await evaluate({ network, state: report.state }, validation, { runtime });
  expect(again.loss).toBe(losses[report.epoch - 1]);
});

test.each([
  [{ batch: 101 }, "Training: batch is 101; expected a whole number from 1 to the number of images, 100."],
  [{ epochs: 0 }, "Training: epochs is 0; expected a whole number from 1."],
  [{ rate: -1 }, "Training: rate is -1; expected a number above 0."],
  [
    { optimizer: chooseOptimizer("sgd", { momentum: 0 }), schedule: chooseSchedule("one-cycle", { momentum: true }) },
    "Training: momentum is 0; expected one above 0, which the schedule could move.",
  ],
  [{ rate: 1e39, epochs: 1, batch: 100 }, "The weights are no longer numbers in step 1, at a learning rate of 1e+39."],
  [{ labelSmoothing: 1 }, "Training: label smoothing is 1; expected a number in [0, 1)."],
  [
    { rate: 1e30, epochs: 2, schedule: chooseSchedule("constant") },
    /^The loss is no longer a number in step \d, at a learning rate of 1e\+30\.$/,
  ],
])("%j is refused", async (options, message) => {
  await expect(finish(options)).rejects.toThrow(message);
});

test("learns several sets of other sizes and colours as one network", async () => {
  const grey = halves(60, 8);
  const coloured: ImageSet = { ...halves(45, 12), name: "coloured" };
  const colour = Uint8Array.from({ length: 3 * coloured.images.length }, (_, i) => {
    const [image, place] = [Math.floor(i / 432), i % 144];
    return coloured.images[144 * image + place];
  });
  const sets: ImageSet[] = [grey, { ...coloured, images: colour, channels: 3 }];
  const report = await runTraining(network, sets, { runtime, threads: 2, batch: 16, epochs: 6 });
  expect(report.history[0].step).toBe(6);
  for (const images of sets) {
    expect((await evaluate({ network, state: report.state }, images, { runtime })).accuracy).toBe(100);
  }
  // A list of one is that one.
  const options = { runtime, threads: 2, batch: 16, epochs: 1 };
  expect(await runTraining(network, [grey], options)).toEqual(await runTraining(network, grey, options));
});

test("what does not fit is refused before the first step, all at once", async () => {
  const named: ImageSet = { ...set, classNames: ["left", "right", "top"] };
  const more: ImageSet = { ...set, name: "more", classes: 4 };
  const others: ImageSet = { ...set, name: "others", classNames: ["cat", "dog", "owl"] };
  await expect(
    runTraining(network, [named, more, set, others], { runtime }),
  ).rejects.toThrowErrorMatchingInlineSnapshot(`
    [OnebasinError: 3 problems with training mlp:
      - mlp tells 3 classes apart; more has 4.
      - halves has 3 classes (left, right, top), more has 4 classes; one network learns the same classes from all its datasets.
      - halves has 3 classes (left, right, top), others has 3 classes (cat, dog, owl); one network learns the same classes from all its datasets.]
  `);
  await expect(runTraining(network, [], { runtime })).rejects.toThrow(
    "Training takes a set of images or more; got none.",
  );
});

test("can be stopped between steps", async () => {
  const controller = new AbortController();
  const running = finish({ epochs: 100, signal: controller.signal }, () => controller.abort());
  await expect(running).rejects.toMatchObject({ code: "aborted" });
});

test("a checkpoint without a training's state is not resumed", () => {
  const snapshot = { tensors: new Map(), metadata: {} };
  expect(() => unpackSnapshot(snapshot, { run: "", source: "a.safetensors" })).toThrow(
    "a.safetensors cannot be resumed: it holds weights but no state of a training.",
  );
});
