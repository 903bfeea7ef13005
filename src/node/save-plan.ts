import { basename, dirname } from "node:path";
import type { CheckpointFormat } from "../checkpoint/format.js";
import { formats } from "../checkpoint/formats.gen.js";
import { OnebasinError } from "../core/errors.js";
import type { OnProgress } from "../core/progress.js";
import { outputTensors, type WriteReport, writePlan } from "../merge/execute/write-plan.js";
import type { TensorPlan } from "../merge/plan.js";
import { createFileTarget } from "./file-target.js";
import type { ThreadOptions } from "./open-file-backend.js";

export interface SaveOptions extends ThreadOptions {
  /** Id of a format; told by the extension unless given. */
  readonly format?: string;
  /** Largest file in bytes; the output is then several files and an index. */
  readonly shardSize?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

/**
 * Writes a plan to a file (or, with `shardSize`, to several files and their index) in the format of its extension.
 *
 * @throws `bad-argument` when the extension stands for no format that can be written; whatever `writePlan` throws
 */
export async function savePlan(plan: TensorPlan, path: string, options: SaveOptions = {}): Promise<WriteReport> {
  const format = writableFormat(path, options.format);
  const layout = format.layout(outputTensors(plan), {
    fileName: basename(path),
    shardSize: options.shardSize,
    metadata: { ...plan.metadata, ...options.metadata },
    moduleVersions: plan.moduleVersions,
  });
  const target = await createFileTarget(dirname(path), layout.files, options);
  return writePlan(plan, { layout, target, signal: options.signal, onProgress: options.onProgress });
}

type WritableFormat = CheckpointFormat & Required<Pick<CheckpointFormat, "layout">>;

const isWritable = (format: CheckpointFormat): format is WritableFormat => format.layout !== undefined;

function writableFormat(path: string, id: string | undefined): WritableFormat {
  const writable = formats.filter(isWritable);
  const known = `Formats: ${writable.map((format) => `${format.id} (${format.extensions.join(", ")})`).join(", ")}.`;
  if (id !== undefined) {
    const format = writable.find((candidate) => candidate.id === id);
    if (format === undefined)
      throw new OnebasinError("unknown-name", `There is no format "${id}" to write.`, { hint: known });
    return format;
  }
  const format = writable.find(({ extensions }) =>
    extensions.some((extension) => path.toLowerCase().endsWith(extension)),
  );
  if (format === undefined) {
    throw new OnebasinError("bad-argument", `${path} has no extension that says which format to write.`, {
      hint: known,
    });
  }
  return format;
}
