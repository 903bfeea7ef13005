import { parseBytes, parseCount } from "../arguments.js";
import { defineCommand } from "../command.js";
import { describeFiles } from "../describe-files.js";
import { formatBytes } from "../progress.js";

export const convert = defineCommand({
  name: "convert",
  args: "<input> <output>",
  doc: "A checkpoint in another format, with other numbers, or in shards.",
  options: [
    { flags: "--dtype <dtype>", doc: "of floating-point tensors: f32, f16, bf16, … (default: as they are)" },
    { flags: "--entry <name>", doc: "which nested state dict, when the file holds several" },
    { flags: "--shard-size <size>", doc: "write several files of at most this size, and their index: 5GB" },
    { flags: "--memory <size>", doc: "memory the process may take (default: 512MiB)" },
  ],
  examples: [
    "onebasin convert model.pth model.safetensors",
    "onebasin convert model.safetensors half.safetensors --dtype bf16",
  ],
  run: async ({ args: [from, to], options, output, signal }) => {
    const { open, save } = await import("../../node/checkpoints.js");
    const { checkOutputCheckpoint } = await import("../../node/check-output.js");
    const { parseFloatDType } = await import("../../tensor/dtype.js");
    const shardSize = parseBytes("--shard-size", options.shardSize);
    if (shardSize === undefined) await checkOutputCheckpoint(to);
    const checkpoint = await open(from, { entry: options.entry as string | undefined });
    for (const note of checkpoint.notes) output.note(note);
    const report = await save(checkpoint, to, {
      dtype: options.dtype === undefined ? undefined : parseFloatDType(options.dtype as string),
      shardSize,
      memory: parseBytes("--memory", options.memory),
      threads: parseCount("--threads", options.threads),
      signal,
      onProgress: output.onProgress,
    });
    const keys = checkpoint.entries.size;
    output.result(`${describeFiles(to, report.files)}: ${keys} keys, ${formatBytes(report.bytesWritten)}`, {
      output: to,
      keys,
      ...report,
    });
  },
});
