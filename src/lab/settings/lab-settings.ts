import { boolean, choice, integer, number, type Params, type ParamValues, string } from "../../core/params.js";
import { COUPLING_STEPS, TIED_STEPS } from "../../train/coupling/coupling-pull.js";
import { STRENGTHS_OVER_TIME } from "../../train/coupling/strength-over-time.js";
import { USUAL_TRAINING } from "../../train/usual-training.js";

/** A plug-in by its id, and its parameters as given. */
export interface Chosen {
  readonly id: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** A strength of coupling, in [0, ∞]; JSON and YAML know no infinity. */
export type Lambda = number | "inf";

/** Settings with one value each, by section; names are those of the commands' options. */
export const SECTIONS = {
  training: {
    epochs: integer({ doc: "Times through the images.", min: 1, max: 100_000, default: 3 }),
    batch: integer({ doc: "Images a step.", min: 1, max: 65_536, default: USUAL_TRAINING.batch }),
    lr: number({ doc: "Largest learning rate; 0 takes the optimizer's usual one.", min: 0, default: 0 }),
    optimizer: string({ doc: "sgd, adam or adamw, with options.", default: USUAL_TRAINING.optimizer }),
    schedule: string({
      doc: "constant, step, cosine or one-cycle, with options.",
      default: USUAL_TRAINING.schedule,
    }),
    "label-smoothing": number({ doc: "Share of the target spread over all classes.", min: 0, max: 0.999, default: 0 }),
    augment: string({ doc: "Random changes: shift=2,crop=0.2,colour=0.3; none when empty.", default: "" }),
  },
  repair: {
    batch: integer({ doc: "Images in a batch, shared among the datasets.", min: 2, max: 65_536, default: 64 }),
    batches: integer({ doc: "How many batches.", min: 1, max: 1_000_000, default: 30 }),
  },
  couple: {
    "depth-schedule": string({ doc: "constant, linear, exponential:RATIO or cut:LAYER.", default: "constant" }),
    "over-time": choice(STRENGTHS_OVER_TIME, { doc: "Strength over time.", default: "constant" }),
    "coupling-step": choice(COUPLING_STEPS, { doc: "How the pull is made.", default: "proximal" }),
    tied: choice(TIED_STEPS, { doc: "What tied layers step by.", default: "mean" }),
  },
  heads: {
    cut: string({
      doc: "The first layer of the heads; everything before it is the trunk. Empty: the first linear layer, or the last layer.",
      default: "",
    }),
    train: boolean({ doc: "Whether the network with two heads is trained.", default: true }),
  },
  path: {
    points: integer({ doc: "Points of the straight line, both ends included.", min: 2, max: 1000, default: 25 }),
    images: integer({ doc: "Test images of each dataset at each point.", min: 1, default: 1000 }),
    batches: integer({ doc: "Batches that statistics are recomputed on at each point.", min: 1, default: 30 }),
  },
  samples: {
    count: integer({ doc: "Test images of each dataset to show.", min: 0, max: 60, default: 12 }),
  },
} as const satisfies Readonly<Record<string, Params>>;

export type SectionName = keyof typeof SECTIONS;

/** Every knob of the experiment, filled in; plain data, as `results.json` and a `lab.yml` hold it. */
export interface LabSettings {
  readonly preset: string;
  readonly data: readonly [string, string];
  readonly arch: string;
  /** How many times everything is done, each with seeds of its own. */
  readonly seeds: number;
  /** First seed. */
  readonly seed: number;
  /** Training images of each dataset, and test images judged. */
  readonly images: number;
  readonly "test-images": number;
  readonly training: ParamValues<(typeof SECTIONS)["training"]>;
  /** Merge methods; those that need a base merge the pair that was trained from one start. */
  readonly methods: readonly Chosen[];
  /** Matchers; the first one is that of the paths and of the pictures of layers. */
  readonly align: readonly Chosen[];
  readonly repair: ParamValues<(typeof SECTIONS)["repair"]>;
  readonly zip: { readonly depths: readonly number[]; readonly params: Readonly<Record<string, unknown>> };
  readonly couple: ParamValues<(typeof SECTIONS)["couple"]> & { readonly lambda: readonly Lambda[] };
  readonly heads: ParamValues<(typeof SECTIONS)["heads"]>;
  readonly path: ParamValues<(typeof SECTIONS)["path"]>;
  readonly samples: ParamValues<(typeof SECTIONS)["samples"]>;
}
