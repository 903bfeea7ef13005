import type { StateDict } from "../tensor/tensor.js";
import { bytesSource } from "./byte-source.js";
import type { Checkpoint } from "./checkpoint.js";

/**
 * A state dict in memory as a checkpoint, so that it can be merged, compared and saved. The bytes are not copied:
 * leave them alone until the checkpoint is done with.
 */
export function stateDictCheckpoint(
  name: string,
  stateDict: StateDict,
  options: {
    readonly metadata?: Readonly<Record<string, string>>;
    readonly moduleVersions?: ReadonlyMap<string, number>;
  } = {},
): Checkpoint {
  const tensors = [...stateDict];
  return {
    name,
    format: "memory",
    sources: tensors.map(([key, { bytes }]) => bytesSource(`${name}:${key}`, bytes)),
    entries: new Map(tensors.map(([key, { dtype, shape }], source) => [key, { key, dtype, shape, source, offset: 0 }])),
    metadata: options.metadata ?? {},
    moduleVersions: options.moduleVersions,
    notes: [],
  };
}
