import type { TrainingSettings } from "../train/training-settings.js";
import { USUAL_TRAINING } from "../train/usual-training.js";
import { parseCount, parseNumber } from "./arguments.js";
import type { CliCall, CliOption } from "./command.js";

/** Options of every command that trains. */
export const TRAINING_OPTIONS: readonly CliOption[] = [
  { flags: "--epochs <n>", doc: `times through the images (default: ${USUAL_TRAINING.epochs})` },
  { flags: "--batch <n>", doc: `images that a network sees in a step (default: ${USUAL_TRAINING.batch})` },
  { flags: "--lr <rate>", doc: "largest learning rate (default: the optimizer's, 0.05 for sgd)" },
  { flags: "--optimizer <optimizer>", doc: `sgd, adam or adamw, with options (default: ${USUAL_TRAINING.optimizer})` },
  {
    flags: "--schedule <schedule>",
    doc: `of the rate: constant, step, cosine or one-cycle, with options (default: ${USUAL_TRAINING.schedule})`,
  },
  { flags: "--label-smoothing <share>", doc: "share of the target spread over all classes (default: 0)" },
  { flags: "--augment <options>", doc: "random changes: shift=2,crop=0.2,colour=0.3 (default: none)" },
  { flags: "--limit <n>", doc: "only the first n training images of each dataset" },
  { flags: "--test-limit <n>", doc: "judge by the first n test images of each dataset (default: all)" },
  { flags: "--resume", doc: "go on where an interrupted run with the same options stopped" },
];

/**
 * The settings that {@link TRAINING_OPTIONS} told.
 *
 * @throws `usage`, `unknown-name`, `bad-argument`
 */
export async function trainingSettings({ options }: CliCall): Promise<TrainingSettings> {
  const { parseAugment, parseOptimizer, parseSchedule } = await import("../train/choose.js");
  const told = <T>(value: unknown, parse: (text: string) => T): T | undefined =>
    value === undefined ? undefined : parse(String(value));
  return {
    optimizer: told(options.optimizer, (text) => parseOptimizer(text, "--optimizer")),
    schedule: told(options.schedule, (text) => parseSchedule(text, "--schedule")),
    rate: parseNumber("--lr", options.lr, { expected: "a number above 0", holds: (rate) => rate > 0 }),
    epochs: parseCount("--epochs", options.epochs),
    batch: parseCount("--batch", options.batch),
    labelSmoothing: parseNumber("--label-smoothing", options.labelSmoothing, {
      expected: "a number in [0, 1)",
      holds: (share) => share >= 0 && share < 1,
    }),
    augment: told(options.augment, (text) => parseAugment(text, "--augment")),
  };
}

/** Options that do not change what is computed. */
const ASIDE: readonly string[] = ["resume", "json", "quiet", "output", "testLimit"];

/** All that was told and changes what is computed, as text pairs: a run is resumed only by the same. */
export const whatWasTold = ({ options }: CliCall): Record<string, unknown> =>
  Object.fromEntries(Object.entries(options).filter(([name]) => !ASIDE.includes(name)));

/** Part of the name of a file from a name with options: `vgg16:width=0.25` is `vgg16-width-0.25`. */
export const plainName = (name: string): string => name.replace(/[^A-Za-z0-9._]+/g, "-");
