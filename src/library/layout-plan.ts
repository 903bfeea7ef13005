import type { CheckpointFormat } from "../checkpoint/format.js";
import { formats } from "../checkpoint/formats.gen.js";
import type { OutputLayout } from "../checkpoint/layout.js";
import { OnebasinError } from "../core/errors.js";
import { unknownName } from "../core/suggest.js";
import { outputTensors } from "../merge/execute/write-plan.js";
import type { TensorPlan } from "../merge/plan.js";

export interface LayoutPlanOptions {
  /** Id of a format; told by the file name's extension unless given. */
  readonly format?: string;
  /** Largest file in bytes; the output is then several files and an index. */
  readonly shardSize?: number;
  /** Free text to store beside the tensors, in formats that have a place for it. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/**
 * Decides where every tensor of a plan goes in its output file or files.
 *
 * @param fileName without its folder
 * @throws `bad-argument` when the extension stands for no format that can be written, `unknown-name`, `unsupported`
 */
export function layoutPlan(plan: TensorPlan, fileName: string, options: LayoutPlanOptions = {}): OutputLayout {
  const format = writableFormat(fileName, options.format);
  if (options.shardSize !== undefined && format.shards !== true) {
    throw new OnebasinError("unsupported", `${format.title} files are not written in shards.`, {
      hint: `Leave the shard size out, or write ${shardedExtensions()}.`,
    });
  }
  return format.layout(outputTensors(plan), {
    fileName,
    shardSize: options.shardSize,
    metadata: { ...plan.metadata, ...options.metadata },
    moduleVersions: plan.moduleVersions,
  });
}

const shardedExtensions = (): string =>
  formats.flatMap(({ shards, extensions }) => (shards === true ? extensions : [])).join(", ");

type WritableFormat = CheckpointFormat & Required<Pick<CheckpointFormat, "layout">>;

const isWritable = (format: CheckpointFormat): format is WritableFormat => format.layout !== undefined;

function writableFormat(fileName: string, id: string | undefined): WritableFormat {
  const writable = formats.filter(isWritable);
  if (id !== undefined) {
    const format = writable.find((candidate) => candidate.id === id);
    if (format !== undefined) return format;
    throw unknownName(
      "format to write called",
      id,
      writable.map((candidate) => candidate.id),
    );
  }
  const endsWith = (extension: string): boolean => fileName.toLowerCase().endsWith(extension);
  const format = writable.find(({ extensions }) => extensions.some(endsWith));
  if (format !== undefined) return format;
  throw new OnebasinError("bad-argument", `The extension of ${fileName} is none of a format that can be written.`, {
    hint: `Formats: ${writable.map(({ id: known, extensions }) => `${known} (${extensions.join(", ")})`).join(", ")}.`,
  });
}
