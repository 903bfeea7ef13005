import { createLocalBackend } from "./local-backend.js";
import type { OutputTarget } from "./output-target.js";
import { sourceIO } from "./source-io.js";

/** An output held in memory. */
export interface MemoryTarget extends OutputTarget {
  /** By file; complete once the target was committed. */
  readonly files: readonly Uint8Array[];
}

/** @param sizes bytes of each file */
export function createMemoryTarget(sizes: readonly number[]): MemoryTarget {
  const files = sizes.map((size) => new Uint8Array(size));
  const write = (file: number, position: number, bytes: Uint8Array): void => files[file].set(bytes, position);
  return {
    files,
    write,
    openBackend: (sources) => createLocalBackend({ ...sourceIO(sources), write }),
    commit: async () => {},
    abort: async () => {},
  };
}
