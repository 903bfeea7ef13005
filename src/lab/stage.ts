import type { ImageSet, Split } from "../data/image-set.js";
import type { Network } from "../network/graph.js";
import type { Runtime } from "../network/runtime.js";
import type { StateDict } from "../tensor/tensor.js";

/** What a stage leaves: facts as JSON, networks, other files. */
export interface Artifact<F = unknown> {
  readonly facts: F;
  /** By name: `model`. */
  readonly states?: Readonly<Record<string, StateDict>>;
  /** By file name: `zipped.onnx`. */
  readonly files?: Readonly<Record<string, Uint8Array>>;
}

/** What an earlier stage left. */
export interface StoredArtifact<F = unknown> {
  readonly facts: F;
  readonly state: (name: string) => Promise<StateDict>;
}

/** What every stage works with. */
export interface StageContext {
  readonly network: Network;
  readonly runtime: Runtime;
  readonly threads?: number;
  readonly signal?: AbortSignal;
  /** Images of the first (0) or the second (1) dataset. */
  readonly images: (split: Split, dataset: 0 | 1) => Promise<ImageSet>;
  /** How much of the stage is done, in [0, 1]. */
  readonly report: (share: number) => void;
}

/** A kind of stage: a pure function of settings, inputs, network and images. Plain data in one file of `lab/stages/`. */
export interface StageKind<S = unknown, F = unknown> {
  readonly id: string;
  /** Goes up when the same settings and inputs would give another result. */
  readonly revision: number;
  /** What it looks at beside its inputs. */
  readonly reads: (settings: S) => readonly Images[];
  readonly run: (
    settings: S,
    inputs: Readonly<Record<string, StoredArtifact>>,
    context: StageContext,
  ) => Promise<Artifact<F>>;
}

/** A split of one of the two datasets. */
export interface Images {
  readonly split: Split;
  readonly dataset: 0 | 1;
}

/** One piece of the experiment. */
export interface Stage {
  /** `train-a-0`: what it makes, and of which seed. */
  readonly id: string;
  /** `Train a network on pen`. */
  readonly title: string;
  readonly kind: StageKind;
  /** JSON. */
  readonly settings: unknown;
  /** Ids of stages, by the role that each plays. */
  readonly inputs: Readonly<Record<string, string>>;
  /** Roughly, in images that pass a network forward; a training step passes an image about three times. */
  readonly cost: number;
}

/** A stage whose result has a name: the hash of all that it depends on. */
export interface HashedStage extends Stage {
  /** SHA-256 in hexadecimal. */
  readonly hash: string;
}

/** Keeps the types of settings and facts while a kind is written, and forgets them for the list of stages. */
export const defineStage = <S, F>(kind: StageKind<S, F>): StageKind<S, F> => kind;

export const ALL_TRAIN: readonly Images[] = [
  { split: "train", dataset: 0 },
  { split: "train", dataset: 1 },
];

export const ALL_TEST: readonly Images[] = [
  { split: "test", dataset: 0 },
  { split: "test", dataset: 1 },
];
