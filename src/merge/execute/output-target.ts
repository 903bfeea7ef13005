import type { ByteSource } from "../../checkpoint/byte-source.js";
import type { JobBackend } from "./job.js";
import type { Workload } from "./workload.js";

/** Where an output goes: files that appear under their names only when all is well, or memory. */
export interface OutputTarget {
  /** Bytes that may be held of one tensor between passes over it; `MOST_KEPT` unless told. */
  readonly mostKept?: number;
  /** `file` counts in the order of the layout's files. */
  write(file: number, position: number, bytes: Uint8Array): void | Promise<void>;
  /** A backend whose jobs write to this target and read from these sources. */
  openBackend(sources: readonly ByteSource[], work: Workload): Promise<JobBackend>;
  /** Makes the output visible. */
  commit(): Promise<void>;
  /** Leaves nothing behind. */
  abort(): Promise<void>;
}
