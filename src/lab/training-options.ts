import { parseAugment, parseOptimizer, parseSchedule } from "../train/choose.js";
import type { TrainingSettings } from "../train/training-settings.js";
import type { LabSettings } from "./settings/lab-settings.js";

/** The settings of training as the trainer takes them. */
export function trainingOptions(training: LabSettings["training"]): TrainingSettings {
  const { epochs, batch, lr, augment, "label-smoothing": labelSmoothing } = training;
  return {
    epochs,
    batch,
    labelSmoothing,
    optimizer: parseOptimizer(training.optimizer),
    schedule: parseSchedule(training.schedule),
    ...(lr > 0 && { rate: lr }),
    ...(augment !== "" && { augment: parseAugment(augment) }),
  };
}
