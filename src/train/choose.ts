import { throwProblems } from "../core/errors.js";
import { type Params, type ParamValues, resolveParams } from "../core/params.js";
import { parseNamed } from "../core/parse-named.js";
import { unknownName } from "../core/suggest.js";
import { type Augment, augmentParams } from "../data/augment.js";
import type { Optimizer } from "./optimizer.js";
import { optimizers } from "./optimizers.gen.js";
import type { Schedule } from "./schedule.js";
import { schedules } from "./schedules.gen.js";

type Given = Readonly<Record<string, unknown>>;

export interface ChosenOptimizer {
  readonly optimizer: Optimizer;
  readonly values: ParamValues<Params>;
}

export interface ChosenSchedule {
  readonly schedule: Schedule;
  readonly values: ParamValues<Params>;
}

/**
 * An optimizer by its id, its options checked and filled in.
 *
 * @throws `unknown-name`, `bad-argument`
 */
export function chooseOptimizer(id: string, given: Given = {}): ChosenOptimizer {
  const optimizer = named("optimizer", id, optimizers);
  return { optimizer, values: checked(`optimizer "${id}"`, optimizer.params, given) };
}

/**
 * A schedule of the rate by its id, its options checked and filled in.
 *
 * @throws `unknown-name`, `bad-argument`
 */
export function chooseSchedule(id: string, given: Given = {}): ChosenSchedule {
  const schedule = named("schedule", id, schedules);
  return { schedule, values: checked(`schedule "${id}"`, schedule.params, given) };
}

/**
 * An optimizer as it is written in one word: `sgd:momentum=0.8`.
 *
 * @param owner what the text is, for messages: `--optimizer`
 * @throws `usage`, and as {@link chooseOptimizer}
 */
export function parseOptimizer(text: string, owner = "optimizer"): ChosenOptimizer {
  const { id, params } = parseNamed(owner, text);
  return chooseOptimizer(id, params);
}

/**
 * A schedule as it is written in one word: `one-cycle:rise=0.2`.
 *
 * @param owner what the text is, for messages: `--schedule`
 * @throws `usage`, and as {@link chooseSchedule}
 */
export function parseSchedule(text: string, owner = "schedule"): ChosenSchedule {
  const { id, params } = parseNamed(owner, text);
  return chooseSchedule(id, params);
}

/**
 * Random changes as they are written in one word: `shift=2,colour=0.3`.
 *
 * @param owner what the text is, for messages: `--augment`
 * @throws `usage`, and as {@link chooseAugment}
 */
export const parseAugment = (text: string, owner = "augment"): Augment =>
  chooseAugment(parseNamed(owner, `augment:${text}`).params);

/**
 * Random changes of images, checked: `{ shift: 2, colour: 0.3 }`.
 *
 * @throws `unknown-name`, `bad-argument`
 */
export const chooseAugment = (given: Given): Augment => checked("augment", augmentParams, given);

function named<T extends { readonly id: string }>(kind: string, id: string, list: readonly T[]): T {
  const found = list.find((it) => it.id === id);
  if (found !== undefined) return found;
  throw unknownName(
    `${kind} called`,
    id,
    list.map((it) => it.id),
  );
}

function checked<P extends Params>(owner: string, params: P, given: Given): ParamValues<P> {
  const { values, problems } = resolveParams(owner, params, given);
  throwProblems(problems, owner);
  return values;
}
