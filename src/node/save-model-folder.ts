import type { OutputFile } from "../checkpoint/layout.js";
import { layoutSafetensors } from "../checkpoint/safetensors/layout.js";
import { outputTensors, type WriteReport } from "../merge/execute/write-plan.js";
import type { TensorPlan } from "../merge/plan.js";
import { planFingerprint } from "./plan-fingerprint.js";
import { type WriteFolderOptions, writeFolder } from "./write-folder.js";

/** As large as Hugging Face libraries make them. */
const SHARD_BYTES = 5_000_000_000;

export interface SaveModelFolderOptions extends Omit<WriteFolderOptions, "format"> {
  /** What lies beside the weights, by file name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/**
 * Writes a model as a folder that Hugging Face libraries load: safetensors shards, their index where there are several,
 * and the files beside them. Every file appears under its name only when all are complete.
 *
 * @throws whatever `writePlan` throws
 */
export function saveModelFolder(
  plan: TensorPlan,
  folder: string,
  { files, ...options }: SaveModelFolderOptions,
): Promise<WriteReport> {
  const layout = layoutSafetensors(outputTensors(plan), {
    fileName: "model.safetensors",
    shardSize: options.shardSize ?? SHARD_BYTES,
    metadata: { ...plan.metadata, onebasin_merge: planFingerprint(plan), ...options.metadata },
  });
  const beside = [...files].map(
    ([name, bytes]): OutputFile => ({ name, size: bytes.byteLength, segments: [{ position: 0, bytes }] }),
  );
  return writeFolder(plan, folder, { ...options, layout: { ...layout, files: [...layout.files, ...beside] } });
}
