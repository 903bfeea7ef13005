import { basename, dirname } from "node:path";
import type { OnProgress } from "../core/progress.js";
import { type LayoutPlanOptions, layoutPlan } from "../library/layout-plan.js";
import type { WriteReport } from "../merge/execute/write-plan.js";
import type { TensorPlan } from "../merge/plan.js";
import type { ThreadOptions } from "./open-file-backend.js";
import { writeFolder } from "./write-folder.js";

export interface SavePlanOptions extends ThreadOptions, LayoutPlanOptions {
  /** Go on where a stopped merge ended, and leave behind what this one made should it be stopped. */
  readonly resume?: boolean;
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
  return writeFolder(plan, dirname(path), { ...options, layout });
}
