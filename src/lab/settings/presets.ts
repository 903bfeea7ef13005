import type { Chosen, Lambda, SectionName } from "./lab-settings.js";

/** What a preset sets besides the defaults of single settings. */
export interface Preset {
  readonly doc: string;
  readonly arch: string;
  readonly seeds: number;
  readonly images: number;
  readonly testImages: number;
  readonly lambda: readonly Lambda[];
  readonly depths: readonly number[];
  /** Of single settings, where they are not the usual ones. */
  readonly sections: Readonly<Partial<Record<SectionName, Readonly<Record<string, unknown>>>>>;
}

export const PRESETS: Readonly<Record<string, Preset>> = {
  quick: {
    doc: "small networks and few images: minutes",
    arch: "vgg16:width=0.125",
    seeds: 1,
    images: 2000,
    testImages: 1000,
    lambda: [0, 0.05, 0.5, "inf"],
    depths: [0.25, 0.5, 1],
    sections: { training: { epochs: 5 }, repair: { batches: 15 }, path: { points: 11, images: 400, batches: 8 } },
  },
  full: {
    doc: "the setting of the reference runs, over three seeds: an hour or two",
    arch: "vgg16:width=0.25",
    seeds: 3,
    images: 10_000,
    testImages: 4000,
    lambda: [0, 0.05, 0.15, 0.5, 1.5, 5, "inf"],
    depths: [0.25, 0.5, 0.75, 1],
    sections: {},
  },
};

export const USUAL_PRESET = "quick";
export const USUAL_DATA: readonly [string, string] = ["pen", "plate"];

const plain = (id: string): Chosen => ({ id, params: {} });

export const USUAL_METHODS: readonly Chosen[] = ["sum", "mean", "slerp", "max_magnitude", "ties"].map(plain);
export const USUAL_MATCHERS: readonly Chosen[] = ["activations", "weights"].map(plain);
