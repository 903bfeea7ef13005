import { runTraining } from "../../train/run-training.js";
import { type CurvePoint, createCurveRecorder } from "../curve.js";
import type { LabSettings } from "../settings/lab-settings.js";
import { defineStage } from "../stage.js";
import { trainingOptions } from "../training-options.js";

export interface TrainSettings {
  readonly seed: number;
  /** Which datasets it learns from: all of their images, in one random order. */
  readonly datasets: readonly (0 | 1)[];
  readonly training: LabSettings["training"];
}

export interface TrainFacts {
  readonly curve: readonly CurvePoint[];
}

/** Trains one network; leaves it as `model`. */
export const trainStage = defineStage<TrainSettings, TrainFacts>({
  id: "train",
  revision: 1,
  reads: ({ datasets }) => datasets.map((dataset) => ({ split: "train", dataset })),
  run: async ({ seed, datasets, training }, _inputs, context) => {
    const { network, runtime, threads, signal, report } = context;
    const sets = await Promise.all(datasets.map((dataset) => context.images("train", dataset)));
    const curve = createCurveRecorder();
    const { state } = await runTraining(network, sets, {
      ...trainingOptions(training),
      runtime,
      threads,
      signal,
      seed,
      onEvent: (event) => {
        if (event.kind !== "step") return;
        curve.add(event);
        report(event.step / event.steps);
      },
    });
    return {
      facts: { curve: curve.points().map(({ step, loss, accuracy }) => ({ step, loss, accuracy })) },
      states: { model: state },
    };
  },
});
