/**
 * What the experiment came to: `results.json`, and all that the report shows but how long it took. The same settings
 * give the same bytes, however often a run was broken off.
 *
 * Accuracy is in percent, loss in nats; "by dataset" means in the order of `datasets`.
 */
export interface LabResults {
  /** Of this form; goes up when a reader must change. */
  readonly format: 1;
  /** The version that made it. */
  readonly onebasin: string;
  readonly experiment: ExperimentFacts;
  /** In the order of the table: parents, references, plain merges, aligned, zipped, coupled, heads. */
  readonly networks: readonly NetworkResult[];
  /** One sentence that sums it up. */
  readonly summary: string;
  /** Orders that theory leads one to expect, and whether they were seen. */
  readonly expectations: readonly Expectation[];
  readonly training: readonly TrainingCurve[];
  /** Of the first seed. */
  readonly paths: readonly PathCurve[];
  readonly coupling: readonly CouplingPoint[];
  readonly zip: readonly ZipPoint[];
  /** Layer by layer from the image on, first seed. */
  readonly layers: readonly LayerFacts[];
  /** Which unit of the second parent does most like which of the first; first seed. */
  readonly matches: readonly UnitMatches[];
  /** Test images and what networks said of them; first seed. */
  readonly samples: readonly SampleSet[];
  /** Every stage, in an order in which they can run. */
  readonly stages: readonly StageFacts[];
}

export interface ExperimentFacts {
  readonly preset: string;
  /** Names as in `--data`; the first parent was trained on the first, the second on the second. */
  readonly datasets: readonly [string, string];
  /** Names of the classes, 0 to 9 where they have none. */
  readonly classes: readonly string[];
  /** As in `--arch`. */
  readonly architecture: string;
  readonly parameters: number;
  readonly seeds: readonly number[];
  /** Training images of each dataset, and test images judged. */
  readonly trainImages: readonly [number, number];
  readonly testImages: readonly [number, number];
  /** All settings, defaults filled in; as a `lab.yml` may hold them. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** The command that makes it again. */
  readonly command: string;
  /** SHA-256 of all that the results depend on, in hexadecimal. */
  readonly hash: string;
}

/** Over the seeds. */
export interface Range {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export type NetworkGroup = "parents" | "references" | "plain" | "aligned" | "zipped" | "coupled" | "heads";

/** `plain`: as merged; `repaired`: statistics from images of both; `per-dataset`: one set of statistics for each. */
export type RepairKind = "plain" | "repaired" | "per-dataset";

/** A row of the table. */
export interface NetworkResult {
  /** `parent-a`, `mean`, `mean-repaired`, `activations-mean-repaired`, `zip-0.5`, `couple-0.3-average-repaired`. */
  readonly id: string;
  readonly group: NetworkGroup;
  /** `Mean, repaired`. */
  readonly title: string;
  /** One sentence: how it was made. */
  readonly detail: string;
  readonly repair: RepairKind;
  /** Whether it is one network whose parameters came of merging: not a parent, an ensemble or trained on both. */
  readonly isMerged: boolean;
  /** By dataset, over the seeds. */
  readonly accuracy: readonly [Range, Range];
  readonly loss: readonly [Range, Range];
  /** Mean of the accuracies on both datasets, over the seeds. */
  readonly mean: Range;
  /** By seed, then by dataset. */
  readonly bySeed: readonly (readonly [Score, Score])[];
}

export interface Score {
  readonly accuracy: number;
  readonly loss: number;
}

export interface Expectation {
  /** `Repairing lifts the mean.` */
  readonly text: string;
  readonly held: boolean;
  /** Figures, and where it did not hold, what may be why. */
  readonly explanation: string;
}

export interface TrainingCurve {
  /** `parent-a`, `parent-b`, `both`, `couple-0.3-a`. */
  readonly id: string;
  readonly title: string;
  /** First seed: loss (nats) and accuracy (percent) on training images, means over a stretch of steps. */
  readonly points: readonly { readonly step: number; readonly loss: number; readonly accuracy: number }[];
}

export type PathVariant = "plain" | "aligned" | "aligned-repaired";

export interface PathCurve {
  readonly variant: PathVariant;
  readonly dataset: string;
  /** From 0, the first parent, to 1, the second. */
  readonly t: readonly number[];
  readonly accuracy: readonly number[];
  readonly loss: readonly number[];
  /** Largest loss above the straight line between the end losses, and where it lies; 0 where none does. */
  readonly barrier: { readonly value: number; readonly t: number };
}

/** One strength of the coupling sweep; accuracies by dataset, over the seeds. */
export interface CouplingPoint {
  readonly lambda: number | "inf";
  readonly a: readonly [Range, Range];
  readonly b: readonly [Range, Range];
  readonly average: readonly [Range, Range];
  readonly averageRepaired: readonly [Range, Range];
  /** ‖w_A − w_B‖ as a share of the root of the mean of both squared norms, after the last epoch, median. */
  readonly distance: number;
}

/** Networks zipped up to a depth; accuracies by dataset, over the seeds. */
export interface ZipPoint {
  /** Share of the layers that are one trunk, 0 to 1. */
  readonly depth: number;
  /** Layers of the trunk, of how many. */
  readonly layers: number;
  readonly of: number;
  /** By the head of each dataset. */
  readonly ownHead: readonly [Range, Range];
  /** By the mean of both heads' probabilities. */
  readonly bothHeads: readonly [Range, Range];
  readonly parameters: number;
}

export interface LayerFacts {
  /** Key of the layer without its last part: `block_1.0`. */
  readonly layer: string;
  /** Share of the parents' variance that the mean of both keeps. */
  readonly variance: { readonly plain: number; readonly aligned: number; readonly alignedRepaired: number };
  /** ‖A − B‖ / root of the mean of ‖A‖² and ‖B‖². */
  readonly distance: { readonly before: number; readonly after: number };
  /** Linear centred kernel alignment of the parents, 0 to 1; absent for layers without units that move. */
  readonly cka?: number;
  /** Mean correlation of units of the same number, before and after aligning. */
  readonly correlation?: { readonly before: number; readonly after: number };
}

export interface UnitMatches {
  readonly layer: string;
  readonly units: number;
  /** For each unit of A the one of B that correlates best with it, and how much; B as trained, and B aligned. */
  readonly before: { readonly best: readonly number[]; readonly correlation: readonly number[] };
  readonly after: { readonly best: readonly number[]; readonly correlation: readonly number[] };
}

export interface SampleSet {
  readonly dataset: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  /** Place in the test set. */
  readonly index: number;
  /** PNG in base64, as it is in the dataset. */
  readonly png: string;
  readonly label: number;
  /** Class that a network gave; ids of `networks`: both parents, the mean, and the best merged one. */
  readonly said: Readonly<Record<string, number>>;
}

export interface StageFacts {
  readonly id: string;
  /** `Train a network on pen`. */
  readonly title: string;
  /** SHA-256 of kind, settings and inputs, in hexadecimal. */
  readonly hash: string;
  readonly inputs: readonly string[];
  readonly command: string;
}

/** Seconds that a stage took when it ran; kept apart from the results, which are the same each time. */
export type StageTimings = Readonly<Record<string, number>>;
