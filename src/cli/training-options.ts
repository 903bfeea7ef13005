import { parseNamed } from "../core/parse-named.js";
import type { TrainingSettings } from "../train/training-settings.js";
import { parseCount, parseNumber } from "./arguments.js";
import type { CliCall, CliOption } from "./command.js";

/** What training uses unless told: the settings of the reference runs in docs/training.md. */
const USUAL = { optimizer: "sgd:weight-decay=0.0005", schedule: "one-cycle" } as const;

/** Options of every command that trains. */
export const TRAINING_OPTIONS: readonly CliOption[] = [
  { flags: "--epochs <n>", doc: "times through the images (default: 10)" },
  { flags: "--batch <n>", doc: "images that a network sees in a step (default: 64)" },
  { flags: "--lr <rate>", doc: "largest learning rate (default: the optimizer's, 0.05 for sgd)" },
  { flags: "--optimizer <optimizer>", doc: `sgd, adam or adamw, with options (default: ${USUAL.optimizer})` },
  {
    flags: "--schedule <schedule>",
    doc: `of the rate: constant, step, cosine or one-cycle, with options (default: ${USUAL.schedule})`,
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
  const { chooseAugment, chooseOptimizer, chooseSchedule } = await import("../train/choose.js");
  const optimizer = parseNamed("--optimizer", options.optimizer ?? USUAL.optimizer);
  const schedule = parseNamed("--schedule", options.schedule ?? USUAL.schedule);
  return {
    optimizer: chooseOptimizer(optimizer.id, optimizer.params),
    schedule: chooseSchedule(schedule.id, schedule.params),
    rate: parseNumber("--lr", options.lr, { expected: "a number above 0", holds: (rate) => rate > 0 }),
    epochs: parseCount("--epochs", options.epochs),
    batch: parseCount("--batch", options.batch),
    labelSmoothing: parseNumber("--label-smoothing", options.labelSmoothing, {
      expected: "a number in [0, 1)",
      holds: (share) => share >= 0 && share < 1,
    }),
    augment:
      options.augment === undefined
        ? undefined
        : chooseAugment(parseNamed("--augment", `augment:${options.augment}`).params),
  };
}

/** Options that do not change what is computed. */
const ASIDE: readonly string[] = ["resume", "json", "quiet", "output", "testLimit"];

/** All that was told and changes what is computed, as text pairs: a run is resumed only by the same. */
export const whatWasTold = ({ options }: CliCall): Record<string, unknown> =>
  Object.fromEntries(Object.entries(options).filter(([name]) => !ASIDE.includes(name)));

/** Part of the name of a file from a name with options: `vgg16:width=0.25` is `vgg16-width-0.25`. */
export const plainName = (name: string): string => name.replace(/[^A-Za-z0-9._]+/g, "-");
