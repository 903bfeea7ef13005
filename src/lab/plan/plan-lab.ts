import type { Network } from "../../network/graph.js";
import type { LabSettings } from "../settings/lab-settings.js";
import type { Stage } from "../stage.js";
import type { Row, Template } from "./part.js";
import { planAligned } from "./plan-aligned.js";
import { planCoupled } from "./plan-coupled.js";
import { planHeads } from "./plan-heads.js";
import { planMerges } from "./plan-merges.js";
import { planParents } from "./plan-parents.js";
import { planPictures } from "./plan-pictures.js";
import { planZip } from "./plan-zip.js";

/** The experiment as stages, each after its inputs, and the rows of its table. */
export interface LabPlan {
  readonly settings: LabSettings;
  readonly stages: readonly Stage[];
  readonly rows: readonly Row[];
}

/** Parents have seeds of their own, so that they begin with other weights. */
const seedOf = (settings: LabSettings, index: number): number => settings.seed + 2 * index;

/**
 * What is done, in which order, and what the table will show.
 *
 * @param network of both parents
 */
export function planLab(settings: LabSettings, network: Network): LabPlan {
  const parts = [
    planParents(settings),
    planMerges(settings),
    planAligned(settings),
    planZip(settings),
    planCoupled(settings),
    planHeads(settings, network),
    planPictures(settings),
  ];
  const templates = parts.flatMap((part) => part.templates);
  const stages = Array.from({ length: settings.seeds }, (_, index) => index).flatMap((index) =>
    templates
      .filter(({ once }) => once !== true || index === 0)
      .map((template): Stage => withSeed(template, { index, seed: seedOf(settings, index) })),
  );
  return { settings, stages: afterInputs(stages), rows: parts.flatMap((part) => part.rows) };
}

/** The same stages, each after its inputs, else in the order given. */
function afterInputs(stages: readonly Stage[]): Stage[] {
  const placed = new Map<string, Stage>();
  const place = (stage: Stage): void => {
    if (placed.has(stage.id)) return;
    for (const id of Object.values(stage.inputs)) place(stages.find((it) => it.id === id) as Stage);
    placed.set(stage.id, stage);
  };
  for (const stage of stages) place(stage);
  return [...placed.values()];
}

const withSeed = (template: Template, { index, seed }: { readonly index: number; readonly seed: number }): Stage => ({
  ...template,
  id: stageId(template.id, index),
  title: index === 0 ? template.title : `${template.title}, seed ${index + 1}`,
  settings: template.settings(seed),
  inputs: Object.fromEntries(Object.entries(template.inputs).map(([role, id]) => [role, stageId(id, index)])),
});

export const stageId = (id: string, seedIndex: number): string => `${id}-${seedIndex}`;
