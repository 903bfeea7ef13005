import type { ByteSource } from "../byte-source.js";
import type { PickleValue } from "../pickle/values.js";
import type { StorageReference } from "./parse-tensor.js";

/** Where the bytes of a storage are. */
export interface StoragePlace {
  /** Index into `LocatedStorages.sources`. */
  readonly source: number;
  readonly offset: number;
  readonly bytes: number;
}

export interface LocatedStorages {
  readonly sources: readonly ByteSource[];
  /** By storage key. */
  readonly places: ReadonlyMap<string, StoragePlace>;
}

/** A file of PyTorch's, whichever of its layouts it has: what was pickled, and a way to the storages. */
export interface TorchArchive {
  readonly value: PickleValue;
  readonly isTorchScript: boolean;
  /** Free text pairs that onebasin stores beside the pickle. */
  readonly metadata: Readonly<Record<string, string>>;
  /**
   * Finds the storages that tensors of interest refer to; the rest of the file is not looked at.
   *
   * @throws `bad-file`, `limit`
   */
  readonly locate: (storages: readonly StorageReference[]) => Promise<LocatedStorages>;
}

/** Pickles hold names and shapes, not numbers: those of the largest models take a few megabytes. */
export const MAX_PICKLE_BYTES = 128 * 2 ** 20;
