import { OnebasinError, throwProblems } from "../core/errors.js";
import { createBatches } from "../data/create-batches.js";
import { countImages, type ImageSet, listSets } from "../data/image-set.js";
import { inputFormatOf } from "../data/input-format-of.js";
import { findChannelBlock } from "../network/channel-block.js";
import type { Network } from "../network/graph.js";
import { createInitialState } from "../network/initial-state.js";
import type { Runtime, RuntimeOptions } from "../network/runtime.js";
import type { StateDict } from "../tensor/tensor.js";
import { checkFinite } from "./check-finite.js";
import { classProblems } from "./class-problems.js";
import type { EpochRecord, TrainingSnapshot } from "./snapshot.js";
import { createTrainingSession } from "./training-session.js";
import { badSetting, divergence, resolveSettings, type TrainingSettings } from "./training-settings.js";
import { buildTrainingStep } from "./training-step.js";

export interface TrainOptions extends RuntimeOptions, TrainingSettings {
  readonly runtime: Runtime;
  /** For the first weights, the order of images and dropout; default 0. */
  readonly seed?: number;
  /** Where to start from instead of random weights. */
  readonly initial?: StateDict;
  /** Judges the state after each epoch, on images that are not trained on. */
  readonly validate?: (state: StateDict) => Promise<{ readonly accuracy: number; readonly loss: number }>;
  /** Stops when the loss (that `validate` gives, if there is one) has not fallen for so many epochs. */
  readonly patience?: number;
  /** Goes on where another run with the same options stopped. */
  readonly resume?: TrainingSnapshot;
  readonly signal?: AbortSignal;
}

/** What happens during training. */
export type TrainEvent =
  | {
      readonly kind: "step";
      /** From 1. */
      readonly step: number;
      readonly steps: number;
      /** From 1. */
      readonly epoch: number;
      /** Mean over the batch, before the step; nats. */
      readonly loss: number;
      /** Percent of the batch, before the step. */
      readonly accuracy: number;
      readonly rate: number;
      readonly imagesPerSecond: number;
    }
  | {
      readonly kind: "epoch";
      readonly record: EpochRecord;
      /** What it takes to go on from here; to be taken before the next event is asked for. */
      readonly snapshot: () => TrainingSnapshot;
    };

export interface TrainReport {
  /** In the order of the network. With `patience`, that of the best epoch; else of the last. */
  readonly state: StateDict;
  readonly history: readonly EpochRecord[];
  /** Which epoch `state` is from. */
  readonly epoch: number;
  readonly stoppedEarly: boolean;
}

/**
 * Trains a network on images by their labels; on those of several datasets together, each brought to the network's
 * input, where an epoch shows every image of every dataset in one random order. The same options, machine and number of threads give the same bytes,
 * also when a run is broken off and resumed. Images that do not fill a last batch are left out of an epoch; the next
 * one draws another order.
 *
 * @returns after the last event
 * @throws `bad-argument`, `mismatch` when images, network and first state do not fit or datasets have other classes, `non-finite` when the loss is no
 * longer a number, `aborted`
 * @example
 * for await (const event of train(network, images, { runtime, epochs: 3 })) if (event.kind === "epoch") …
 */
export async function* train(
  network: Network,
  images: ImageSet | readonly ImageSet[],
  options: TrainOptions,
): AsyncGenerator<TrainEvent, TrainReport> {
  const sets = listSets(images);
  if (sets.length === 0) throw new OnebasinError("bad-argument", "Training takes a set of images or more; got none.");
  throwProblems(classProblems(network, sets), `training ${network.name}`);
  const { optimizer, epochs, batch, labelSmoothing, stepsPerEpoch, steps, rateAt, momentumAt } = resolveSettings(
    options,
    {
      count: countImages(sets),
    },
  );
  const { seed = 0, resume, validate, patience, signal, augment } = options;
  if (patience !== undefined && !(Number.isInteger(patience) && patience >= 1)) {
    throw badSetting("patience", patience, "a whole number from 1");
  }
  const format = inputFormatOf(network);
  const block = await findChannelBlock(options.runtime);
  const step = buildTrainingStep([{ network }], { batch, ...optimizer, labelSmoothing, block });
  const first = resume?.state ?? options.initial ?? createInitialState(network, { seed });
  const session = await createTrainingSession(step, {
    ...options,
    seed,
    states: [first],
    slots: resume === undefined ? [] : [resume.slots],
  });
  const history: EpochRecord[] = [...(resume?.history ?? [])];
  let best = resume?.best;
  try {
    for (let epoch = history.length + 1; epoch <= epochs; epoch++) {
      if (patience !== undefined && best !== undefined && epoch - best.epoch > patience) break;
      let loss = 0;
      let correct = 0;
      let done = (epoch - 1) * stepsPerEpoch;
      for (const shown of createBatches(sets, {
        format,
        batch,
        shuffle: true,
        dropLast: true,
        augment,
        seed,
        epoch,
      })) {
        if (signal?.aborted) {
          throw new OnebasinError("aborted", `Training was stopped in epoch ${epoch}.`, {
            hint: epoch > 1 ? "Go on from the end of the last whole epoch with --resume." : undefined,
          });
        }
        const [now, momentum] = [rateAt(done), momentumAt(done)];
        const started = performance.now();
        const [result] = await session.run([shown], { rate: now, momentum, step: ++done });
        if (!Number.isFinite(result.loss)) throw divergence("loss", { step: done, rate: now });
        loss += result.loss;
        correct += result.correct;
        yield {
          kind: "step",
          step: done,
          steps,
          epoch,
          loss: result.loss,
          accuracy: (100 * result.correct) / batch,
          rate: now,
          imagesPerSecond: (1000 * batch) / (performance.now() - started),
        };
      }
      const shownImages = stepsPerEpoch * batch;
      const judged = await validate?.(session.state());
      const record: EpochRecord = {
        epoch,
        step: done,
        loss: loss / stepsPerEpoch,
        accuracy: (100 * correct) / shownImages,
        ...(judged && { validationLoss: judged.loss, validationAccuracy: judged.accuracy }),
      };
      history.push(record);
      if (patience !== undefined && (best === undefined || lossOf(record) < lossOf(history[best.epoch - 1]))) {
        best = { epoch, state: session.state() };
      }
      const sofar = [...history];
      const bestSoFar = best;
      yield {
        kind: "epoch",
        record,
        snapshot: () => ({ state: session.state(), slots: session.slots(), history: sofar, best: bestSoFar }),
      };
    }
    const chosen = patience === undefined ? undefined : best;
    const state = chosen?.state ?? session.state();
    const last = history.length * stepsPerEpoch;
    checkFinite([state], { step: last, rate: rateAt(last - 1) });
    return {
      state,
      history,
      epoch: chosen?.epoch ?? history.length,
      stoppedEarly: history.length < epochs,
    };
  } finally {
    await session.close();
  }
}

const lossOf = (record: EpochRecord): number => record.validationLoss ?? record.loss;
