import { OnebasinError } from "../core/errors.js";
import { parseBytes, parseCount, parseResume } from "./arguments.js";
import type { CliCall } from "./command.js";
import { describePlan, plannedJson, planTable } from "./describe-plan.js";
import { formatBytes } from "./progress.js";

/** Options of a merge that a recipe says itself. */
const SAID_BY_RECIPE = [
  "method",
  "expr",
  "param",
  "weights",
  "rule",
  "base",
  "buffers",
  "dtype",
  "entry",
  "align",
  "repair",
  "evaluate",
];

export const isRecipe = (path: string): boolean => /\.ya?ml$/i.test(path);

/**
 * Carries out a recipe: one model folder out of those that it names.
 *
 * @throws `usage` when options and recipe could contradict each other; whatever the merge throws
 */
export async function runRecipe({ args: [path], options, output, signal }: CliCall): Promise<void> {
  const folder = options.output as string | undefined;
  const isDry = options.dryRun === true;
  const twice = SAID_BY_RECIPE.filter((name) => options[name] !== undefined);
  if (twice.length > 0) {
    throw new OnebasinError(
      "usage",
      `A recipe says itself what ${twice.map((name) => `--${name}`).join(", ")} would.`,
      {
        hint: "Write it into the recipe.",
      },
    );
  }
  if (folder === undefined && !isDry) throw new OnebasinError("usage", "merge needs -o DIR, the folder to write.");
  const threads = parseCount("--threads", options.threads);
  const memory = parseBytes("--memory", options.memory);
  const shardSize = parseBytes("--shard-size", options.shardSize);
  const resuming = parseResume(options);
  const seed = parseCount("--seed", options.seed, 0);
  const { checkOutputFolder } = await import("../node/check-output.js");
  if (folder !== undefined) await checkOutputFolder(folder);
  const { openRecipe, saveRecipe } = await import("../node/merge-recipe.js");
  const opened = await openRecipe(path, { seed, allowNonFinite: options.allowNonfinite === true });
  const { plan } = opened;
  const summary = describePlan(plan);
  if (isDry) {
    plan.notes.forEach(output.note);
    const tensors = plan.tensors.map(plannedJson);
    output.result(`${planTable(plan)}\n\n${summary.text}; nothing was written.`, { ...summary.json, tensors });
    return;
  }
  const onProgress = output.onProgress;
  const { notes, ...report } = await saveRecipe(opened, folder as string, {
    threads,
    memory,
    shardSize,
    ...resuming,
    signal,
    onProgress,
  });
  notes.forEach(output.note);
  output.result(`${folder}: ${summary.text}, ${formatBytes(report.bytesWritten)} in ${report.files.length} files`, {
    output: folder,
    ...report,
    ...summary.json,
  });
}
