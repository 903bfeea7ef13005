import { formatTable } from "../../core/format-table.js";
import { defineCommand } from "../command.js";
import { formatBytes } from "../progress.js";

export const inspect = defineCommand({
  name: "inspect",
  args: "<checkpoint>",
  doc: "What a checkpoint holds: keys, shapes, dtypes, roles, totals.",
  options: [{ flags: "--entry <name>", doc: "which nested state dict, when the file holds several" }],
  examples: ["onebasin inspect mnist.pth", "onebasin inspect training.pt --entry model_state_dict --json"],
  run: async ({ args: [path], options, output }) => {
    const { open } = await import("../../node/checkpoints.js");
    const { closeCheckpoint } = await import("../../checkpoint/checkpoint.js");
    const { rolesOf } = await import("../../merge/roles.js");
    const { elementCount } = await import("../../tensor/shape.js");
    const { dtypeBytes } = await import("../../tensor/dtype.js");
    const { guessArchitecture } = await import("../../network/guess-architecture.js");
    const checkpoint = await open(path, { entry: options.entry as string | undefined });
    await closeCheckpoint(checkpoint);
    const roles = rolesOf(checkpoint.entries);
    const tensors = [...checkpoint.entries.values()].map(({ key, dtype, shape, tie }) => {
      const elements = elementCount(shape);
      return { key, dtype, shape, role: roles.get(key) as string, tie, elements, bytes: elements * dtypeBytes(dtype) };
    });
    const total = (role?: string): number =>
      tensors
        .filter((tensor) => role === undefined || tensor.role === role)
        .reduce((sum, { elements }) => sum + elements, 0);
    const bytes = tensors.reduce((sum, tensor) => sum + tensor.bytes, 0);
    const firstOf = new Map(tensors.toReversed().map(({ key, tie }) => [tie, key]));
    const rows = tensors.map(({ key, dtype, shape, role, tie, bytes: size }) => [
      key,
      `[${shape.join(", ")}]`,
      dtype,
      tie === undefined || firstOf.get(tie) === key ? role : `${role}, tied to ${firstOf.get(tie)}`,
      formatBytes(size),
    ]);
    const architecture = guessArchitecture(checkpoint.entries)?.name;
    const looks = architecture === undefined ? [] : [`Keys and shapes are those of ${architecture}.`];
    const summary = `${path}: ${checkpoint.format}, ${tensors.length} tensors, ${total("parameter")} parameters, ${formatBytes(bytes)}`;
    output.result(
      `${formatTable([["key", "shape", "dtype", "role", "size"], ...rows], [4])}\n\n${[summary, ...looks, ...checkpoint.notes].join("\n")}`,
      {
        checkpoint: path,
        format: checkpoint.format,
        architecture,
        tensors,
        totals: { tensors: tensors.length, parameters: total("parameter"), elements: total(), bytes },
        metadata: checkpoint.metadata,
        notes: checkpoint.notes,
      },
    );
  },
});
