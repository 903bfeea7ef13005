import { parseNamed } from "../core/parse-named.js";
import { chooseAugment, chooseOptimizer, chooseSchedule } from "../train/choose.js";
import type { TrainingSettings } from "../train/training-settings.js";
import type { LabSettings } from "./settings/lab-settings.js";

/** The settings of training as the trainer takes them. */
export function trainingOptions(training: LabSettings["training"]): TrainingSettings {
  const { epochs, batch, lr, augment, "label-smoothing": labelSmoothing } = training;
  const optimizer = parseNamed("optimizer", training.optimizer);
  const schedule = parseNamed("schedule", training.schedule);
  return {
    epochs,
    batch,
    labelSmoothing,
    optimizer: chooseOptimizer(optimizer.id, optimizer.params),
    schedule: chooseSchedule(schedule.id, schedule.params),
    ...(lr > 0 && { rate: lr }),
    ...(augment !== "" && { augment: chooseAugment(parseNamed("augment", `augment:${augment}`).params) }),
  };
}
