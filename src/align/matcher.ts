import { OnebasinError } from "../core/errors.js";
import type { Params, ParamValues } from "../core/params.js";
import type { OnProgress } from "../core/progress.js";
import type { ImageSet } from "../data/image-set.js";
import type { InputFormat } from "../data/input-format.js";
import type { Network } from "../network/graph.js";
import type { Runtime } from "../network/runtime.js";
import type { StateDict } from "../tensor/tensor.js";
import type { SeenModel } from "./scores/activation-scores.js";
import type { PermutationSpec } from "./spec/permutation-spec.js";
import type { UnitMaps } from "./unit-maps/unit-maps.js";

/** What matchers that look at activations need beside the weights. */
export interface MatchData {
  /** Images of one or several datasets, as many of each. */
  readonly images: readonly ImageSet[];
  readonly normalise?: InputFormat["normalise"];
}

/** What a matcher works with. */
export interface MatchContext<P extends Params = Params> {
  /** Of the first model. */
  readonly spec: PermutationSpec;
  /** Of each model: the same groups, of other sizes where it has other widths. */
  readonly specs: readonly PermutationSpec[];
  /** Of each model, where they are known; always with data. */
  readonly networks?: readonly Network[];
  /** In f32, checked against the spec; the first is the one whose order of units stays. */
  readonly models: readonly StateDict[];
  /** Keys whose numbers are trained: what weights are compared by. */
  readonly parameters: readonly string[];
  /** Absent when a matcher that can do without was given none. */
  readonly data?: MatchData;
  readonly params: ParamValues<P>;
  readonly runtime: Runtime;
  readonly threads?: number;
  readonly seed: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: OnProgress;
}

export interface Match {
  /** One for each model after the first: how its units become those of the first. */
  readonly maps: readonly UnitMaps[];
  /** How alike matched units are, by group, in the matcher's own measure; absent where it has none. */
  readonly similarity?: ReadonlyMap<string, number>;
  /** Numbers to report: the objective, the sweeps. */
  readonly facts: Readonly<Record<string, number>>;
}

/** A way to find out which unit of one network does the work of which of another, in one file of `align/matchers/`. */
export interface Matcher<P extends Params = Params> {
  /** The word for it in `--using`. */
  readonly id: string;
  readonly title: string;
  /** One or two sentences: what is compared, and how the best order is found. */
  readonly doc: string;
  /** When it is the right choice, and when it is not. */
  readonly use: string;
  readonly paper?: string;
  readonly needs: "weights" | "data";
  /** Whether models may have other widths than the first. */
  readonly widths: "equal" | "any";
  readonly models: { readonly min: number; readonly max?: number };
  readonly params: P;
  readonly match: (context: MatchContext<P>) => Promise<Match>;
}

/** Keeps the parameters' types while a matcher is written, and forgets them for the list of matchers. */
export function defineMatcher<const P extends Params>(matcher: Matcher<P>): Matcher {
  return matcher as unknown as Matcher;
}

/** @param instead the parameter of the matcher, or the other matcher, that does without */
export function imagesNeeded(matcher: string, instead: string): OnebasinError {
  return new OnebasinError("missing-data", `Matcher "${matcher}" compares what units do on images; none were given.`, {
    hint: `Give the network and images: --arch vgg16:width=0.25 --data mnist. Without images, use ${instead}.`,
  });
}

/** The first two models as activations are looked at; only where there are images. */
export function seenModels({ models, specs, networks }: MatchContext<Params>): [SeenModel, SeenModel] {
  const known = networks as readonly Network[];
  const seen = (i: number): SeenModel => ({ network: known[i], state: models[i], spec: specs[i] });
  return [seen(0), seen(1)];
}
