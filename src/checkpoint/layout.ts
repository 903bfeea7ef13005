import type { DType } from "../tensor/dtype.js";
import type { Shape } from "../tensor/shape.js";

/** A tensor that is about to be written. */
export interface OutputTensor {
  readonly key: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Tensors with the same tie are written once where the format can share storage. */
  readonly tie?: string;
}

export interface LayoutOptions {
  /** Name of the output file or, for sharded output, the stem: `model.safetensors`. No folder. */
  readonly fileName: string;
  /** Largest size of one file in bytes; only for formats that shard. */
  readonly shardSize?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  readonly moduleVersions?: ReadonlyMap<string, number>;
}

/** Bytes that are known before any tensor is. */
export interface Segment {
  readonly position: number;
  readonly bytes: Uint8Array;
}

/** One file of the output, every position known in advance. */
export interface OutputFile {
  /** Relative to the folder of the output; no separators. */
  readonly name: string;
  readonly size: number;
  /** Headers, directories, padding that is not zero. */
  readonly segments: readonly Segment[];
  /**
   * Present when the file stores CRC-32 checksums of tensor bytes: gives the segments that hold them. Called
   * once all tensors of this file are written.
   */
  readonly checksumSegments?: (crc32Of: (key: string) => number) => readonly Segment[];
}

/** Where everything goes, so that tensors can be written in any order and in parts. */
export interface OutputLayout {
  readonly files: readonly OutputFile[];
  /** By key; tied keys share one placement where the format can. `file` indexes `files`. */
  readonly placements: ReadonlyMap<string, { readonly file: number; readonly position: number }>;
}
