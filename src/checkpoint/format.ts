import type { ByteSource, SourceFolder } from "./byte-source.js";
import type { Checkpoint } from "./checkpoint.js";
import type { LayoutOptions, OutputLayout, OutputTensor } from "./layout.js";

export interface ReadOptions {
  /** Opens files beside the source; absent where there are none (a lone `Blob`). */
  readonly folder?: SourceFolder;
  /** Which nested state dict to take, when a file holds several: `model_state_dict`, `ema.model`. */
  readonly entry?: string;
}

/**
 * A checkpoint format, described in one file of `checkpoint/formats/`. Knows bytes only: no file system, no
 * threads.
 */
export interface CheckpointFormat {
  readonly id: string;
  readonly title: string;
  /** With the dot; the first is the usual one. */
  readonly extensions: readonly string[];
  /** Whether files may hold several state dicts, of which `ReadOptions.entry` chooses one. */
  readonly nests?: boolean;
  /**
   * Whether a source looks like this format, from its first bytes (`HEAD_BYTES`, fewer when it is shorter) and
   * its name.
   */
  readonly matches: (head: Uint8Array, source: ByteSource) => boolean;
  /**
   * Reads the headers.
   *
   * @throws `bad-file`, `unsafe-file`, `unsupported`, `limit`
   */
  readonly read: (source: ByteSource, options: ReadOptions) => Promise<Checkpoint>;
  /** Whether an output can be several files with an index. */
  readonly shards?: boolean;
  /**
   * Plans the bytes of an output; absent when the format is only read.
   *
   * @throws `unsupported` when a dtype or key cannot be written in this format
   */
  readonly layout?: (tensors: readonly OutputTensor[], options: LayoutOptions) => OutputLayout;
}

/** How much of a file's beginning formats are recognised by. */
export const HEAD_BYTES = 512;

export const defineFormat = (format: CheckpointFormat): CheckpointFormat => format;
