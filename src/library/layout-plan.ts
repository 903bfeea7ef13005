import { formats } from "../checkpoint/formats.gen.js";
import type { OutputLayout } from "../checkpoint/layout.js";
import { OnebasinError } from "../core/errors.js";
import { outputTensors } from "../merge/execute/write-plan.js";
import type { TensorPlan } from "../merge/plan.js";
import { writableFormat } from "./writable-format.js";

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
