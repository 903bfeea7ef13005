import type { ByteSource } from "../checkpoint/byte-source.js";
import type { OutputTensor } from "../checkpoint/layout.js";
import type { Tensor } from "../tensor/tensor.js";

/** How much of a change the factors hold, as sums of squares. */
export interface Coverage {
  /** ‖W' − W‖² of the change that was asked for. */
  readonly total: number;
  /** The part of it that the factors hold. */
  readonly covered: number;
}

/** A module of an adapter that is yet to be made, or one weight that goes into it whole. */
export interface AdapterStep {
  readonly module: string;
  readonly tensors: readonly OutputTensor[];
  /** Reads and computes; the tensors in the order of `tensors`. Coverage where factors were cut to a rank. */
  readonly make: () => Promise<{ readonly tensors: readonly Tensor[]; readonly coverage?: Coverage }>;
}

/** A tensor that the adapter cannot hold, though it may have been changed. */
export interface LeftOut {
  readonly key: string;
  /** As the rest of a sentence: `is no matrix of a layer`. */
  readonly why: string;
  /** ‖W' − W‖². */
  readonly change: () => Promise<number>;
}

/** An adapter that can be written module by module: every check done, no number read yet. */
export interface AdapterPlan {
  /** What goes into `adapter_config.json`. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly steps: readonly AdapterStep[];
  readonly leftOut: readonly LeftOut[];
  readonly sources: readonly ByteSource[];
  /** Plain sentences for the user. */
  readonly notes: readonly string[];
}
