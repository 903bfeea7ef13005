import { OnebasinError } from "../core/errors.js";
import type { BatchOptions } from "../data/create-batches.js";
import { type ChosenOptimizer, type ChosenSchedule, parseOptimizer, parseSchedule } from "./choose.js";
import { USUAL_TRAINING } from "./usual-training.js";

/** How long, how fast and by which rule networks are trained, alone or coupled. */
export interface TrainingSettings extends Pick<BatchOptions, "augment"> {
  /** Default SGD with momentum 0.9 and weight decay 0.0005. */
  readonly optimizer?: ChosenOptimizer;
  /** Largest rate; > 0; default the optimizer's usual one. */
  readonly rate?: number;
  /** Default one-cycle. */
  readonly schedule?: ChosenSchedule;
  /** A whole number from 1; default 10. */
  readonly epochs?: number;
  /** Images per step; a whole number from 1; default 64, or all images where there are fewer. */
  readonly batch?: number;
  /** In [0, 1); share of the target that is spread evenly over all classes; default 0. */
  readonly labelSmoothing?: number;
}

/**
 * Fills in what was left out, and checks ranges.
 *
 * @param count number of images that an epoch can show
 * @throws `bad-argument`
 */
export function resolveSettings(settings: TrainingSettings, { count }: { readonly count: number }) {
  const { optimizer = parseOptimizer(USUAL_TRAINING.optimizer) } = settings;
  const { schedule = parseSchedule(USUAL_TRAINING.schedule) } = settings;
  const { epochs = USUAL_TRAINING.epochs, labelSmoothing = 0 } = settings;
  const { batch = Math.min(USUAL_TRAINING.batch, count) } = settings;
  const { rate = optimizer.optimizer.usualRate } = settings;
  if (!Number.isInteger(epochs) || epochs < 1) throw badSetting("epochs", epochs, "a whole number from 1");
  if (!Number.isInteger(batch) || batch < 1 || batch > count) {
    throw badSetting("batch", batch, `a whole number from 1 to the number of images, ${count}`);
  }
  if (!(rate > 0 && Number.isFinite(rate))) throw badSetting("rate", rate, "a number above 0");
  if (!(labelSmoothing >= 0 && labelSmoothing < 1)) {
    throw badSetting("label smoothing", labelSmoothing, "a number in [0, 1)");
  }
  const stepsPerEpoch = Math.floor(count / batch);
  const steps = stepsPerEpoch * epochs;
  /** The rate of a step, which counts from 0. */
  const rateAt = (step: number): number =>
    rate * schedule.schedule.factor({ step, steps, stepsPerEpoch }, schedule.values);
  /** What the schedule says of the momentum of a step, which counts from 0. */
  const momentumAt = (step: number): number | undefined =>
    schedule.schedule.momentum?.({ step, steps, stepsPerEpoch }, schedule.values);
  if (momentumAt(0) !== undefined && optimizer.optimizer.slots(optimizer.values).length === 0) {
    throw badSetting("momentum", 0, "one above 0, which the schedule could move");
  }
  return { optimizer, epochs, batch, labelSmoothing, stepsPerEpoch, steps, rateAt, momentumAt };
}

/** The error for a setting out of range. */
export function badSetting(name: string, value: unknown, expected: string): OnebasinError {
  return new OnebasinError("bad-argument", `Training: ${name} is ${value}; expected ${expected}.`);
}

/** The error for a loss or weights that are no longer numbers. */
export function divergence(
  what: "loss" | "weights",
  { step, rate }: { readonly step: number; readonly rate: number },
): OnebasinError {
  const are = what === "loss" ? "is no longer a number" : "are no longer numbers";
  return new OnebasinError("non-finite", `The ${what} ${are} in step ${step}, at a learning rate of ${rate}.`, {
    hint: "Train with a lower learning rate.",
    details: { step, rate },
  });
}
