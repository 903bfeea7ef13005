import type { LabSettings } from "../settings/lab-settings.js";

/** Passes forward that a training image costs in a step: forward, backward, and the update. */
const STEP_COST = 4;

/** Training on so many datasets. */
export const trainCost = (settings: LabSettings, sets: number): number =>
  STEP_COST * settings.training.epochs * settings.images * sets;
/** Judging one network on both test sets. */
export const judgeCost = (settings: LabSettings): number => 2 * settings["test-images"];
/** Recomputing statistics on both datasets, and on each. */
export const repairCost = (settings: LabSettings): number => 3 * settings.repair.batch * settings.repair.batches;
/** Merging, repairing, and judging before and after. */
export const mergeCost = (settings: LabSettings): number => repairCost(settings) + 4 * judgeCost(settings);
