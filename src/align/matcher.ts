import type { Params, ParamValues } from "../core/params.js";
import type { OnProgress } from "../core/progress.js";
import type { ImageSet } from "../data/image-set.js";
import type { InputFormat } from "../data/input-format.js";
import type { Network } from "../network/graph.js";
import type { Runtime } from "../network/runtime.js";
import type { StateDict } from "../tensor/tensor.js";
import type { Permutation, PermutationSpec } from "./permutation-spec.js";

/** What matchers that look at activations need beside the weights. */
export interface MatchData {
  readonly network: Network;
  /** Images of one or several datasets, as many of each. */
  readonly images: readonly ImageSet[];
  readonly normalise?: InputFormat["normalise"];
}

/** What a matcher works with. */
export interface MatchContext<P extends Params = Params> {
  readonly spec: PermutationSpec;
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
  /** One for each model after the first: how its units are put in the order of the first. */
  readonly permutations: readonly Permutation[];
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
  readonly models: { readonly min: number; readonly max?: number };
  readonly params: P;
  readonly match: (context: MatchContext<P>) => Promise<Match>;
}

/** Keeps the parameters' types while a matcher is written, and forgets them for the list of matchers. */
export function defineMatcher<const P extends Params>(matcher: Matcher<P>): Matcher {
  return matcher as unknown as Matcher;
}
