import type { DType } from "../tensor/dtype.js";
import type { Shape } from "../tensor/shape.js";
import type { ByteSource } from "./byte-source.js";

/** Where one tensor of a checkpoint lies, known from headers alone. */
export interface TensorEntry {
  readonly key: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Index into the checkpoint's `sources`. */
  readonly source: number;
  /** Byte position of the first element in that source. */
  readonly offset: number;
  /** In elements, one per axis; absent when the tensor is stored row by row without gaps. */
  readonly strides?: readonly number[];
  /** Entries with the same tie hold one tensor under several keys (an embedding and its output layer, say). */
  readonly tie?: string;
  /** Given when the file itself says which it is, as a pickled module does. */
  readonly kind?: "parameter" | "buffer";
}

/** An opened checkpoint: its headers in memory, its numbers where they were. */
export interface Checkpoint {
  /** How messages name it: the path or URL it was opened from. */
  readonly name: string;
  /** The id of the format it was read as. */
  readonly format: string;
  readonly sources: readonly ByteSource[];
  /** By key, in the order of the file. */
  readonly entries: ReadonlyMap<string, TensorEntry>;
  /** Free text pairs stored beside the tensors (safetensors' `__metadata__`). */
  readonly metadata: Readonly<Record<string, string>>;
  /** PyTorch's version of each module (`_metadata` of a state dict), by module path. */
  readonly moduleVersions?: ReadonlyMap<string, number>;
  /** Plain sentences about choices made while reading, for the user to see. */
  readonly notes: readonly string[];
}

/** Releases every file of a checkpoint. Safe to call twice. */
export async function closeCheckpoint(checkpoint: Checkpoint): Promise<void> {
  await Promise.all(checkpoint.sources.map((source) => source.close?.()));
}
