import { basename, dirname } from "node:path";
import type { OnProgress } from "../core/progress.js";
import { type LayoutPlanOptions, layoutPlan } from "../library/layout-plan.js";
import { type WriteReport, writePlan } from "../merge/execute/write-plan.js";
import type { TensorPlan } from "../merge/plan.js";
import { createFileTarget } from "./file-target.js";
import type { ThreadOptions } from "./open-file-backend.js";

export interface SavePlanOptions extends ThreadOptions, LayoutPlanOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

/**
 * Writes a plan to a file (or, with `shardSize`, to several files and their index) in the format of its extension.
 *
 * @throws as `layoutPlan` and `writePlan`
 */
export async function savePlan(plan: TensorPlan, path: string, options: SavePlanOptions = {}): Promise<WriteReport> {
  const layout = layoutPlan(plan, basename(path), options);
  const target = await createFileTarget(dirname(path), layout.files, options);
  return writePlan(plan, { layout, target, signal: options.signal, onProgress: options.onProgress });
}
