import { open, stat } from "node:fs/promises";
import { join } from "node:path";
import type { OutputFile, OutputLayout } from "../checkpoint/layout.js";
import { companionsOf, type Part, partOf, shardsOf } from "../merge/execute/part-of.js";
import { type WriteReport, writePlan } from "../merge/execute/write-plan.js";
import type { TensorPlan } from "../merge/plan.js";
import { createFileTarget, type FileTargetOptions, partialPath } from "./file-target.js";
import { openJournal } from "./journal.js";
import { outputFingerprint } from "./plan-fingerprint.js";
import type { SavePlanOptions } from "./save-plan.js";

export interface WriteFolderOptions extends SavePlanOptions {
  /** Write only a share of the output's shards; whoever finds all of them complete writes the rest. */
  readonly part?: Part;
}

/**
 * Carries out a plan into files of one folder, each of which appears when it is complete.
 *
 * @throws whatever `writePlan` throws
 */
export async function writeFolder(
  plan: TensorPlan,
  folder: string,
  options: WriteFolderOptions & { readonly layout: OutputLayout },
): Promise<WriteReport> {
  const { layout, part } = options;
  if (part === undefined) return writeShare({ plan, layout }, folder, { ...options, name: "merge" });
  const share = partOf(layout, plan.tensors, part);
  const name = `merge-${part.part}-of-${part.parts}`;
  const own = { plan: { ...plan, tensors: share.tensors }, layout: share.layout };
  const report = await writeShare(own, folder, { ...options, name });
  const shards = shardsOf(layout).map((file) => layout.files[file]);
  const complete = await Promise.all(shards.map((shard) => isComplete(join(folder, shard.name), shard)));
  if (!complete.every(Boolean)) return report;
  const files = companionsOf(layout);
  await writeCompanions(folder, files, options);
  return { ...report, files: [...report.files, ...files.map((file) => file.name)] };
}

async function writeShare(
  { plan, layout }: { readonly plan: TensorPlan; readonly layout: OutputLayout },
  folder: string,
  options: SavePlanOptions & { readonly name: string },
): Promise<WriteReport> {
  const { signal, onProgress, resume } = options;
  const inputs = plan.sources.flatMap((source) => source.path ?? []);
  const target = await createFileTarget(folder, layout.files, { ...options, inputs });
  if (!resume) return writePlan(plan, { layout, target, signal, onProgress });
  const journal = await openJournal(join(folder, `.onebasin-${options.name}.journal`), {
    fingerprint: outputFingerprint(plan, layout),
    layout,
    tensors: plan.tensors,
    partialPaths: layout.files.map(({ name }) => partialPath(folder, name)),
  });
  try {
    const report = await writePlan(plan, { layout, target, signal, onProgress, journal });
    await journal.remove();
    return report;
  } finally {
    journal.close();
  }
}

/** Whether a shard is there, whole, and of this very merge: its header holds a hash of the plan. */
async function isComplete(path: string, { size, segments }: OutputFile): Promise<boolean> {
  const info = await stat(path).catch(() => undefined);
  if (info?.size !== size) return false;
  const handle = await open(path, "r");
  try {
    for (const { position, bytes } of segments) {
      const found = Buffer.alloc(bytes.byteLength);
      await handle.read(found, 0, bytes.byteLength, position);
      if (Buffer.compare(found, bytes) !== 0) return false;
    }
    return true;
  } finally {
    await handle.close();
  }
}

async function writeCompanions(
  folder: string,
  files: readonly OutputFile[],
  options: FileTargetOptions,
): Promise<void> {
  // Several parts may find all shards complete: each writes the same bytes under a name of its own, then renames.
  const target = await createFileTarget(folder, files, { ...options, resume: false });
  try {
    for (const [file, { segments }] of files.entries()) {
      for (const { position, bytes } of segments) await target.write(file, position, bytes);
    }
    await target.commit();
  } catch (error) {
    await target.abort();
    throw error;
  }
}
