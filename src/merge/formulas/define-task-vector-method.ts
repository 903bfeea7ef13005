import { boolean, choice, number } from "../../core/params.js";
import { randomStream } from "../../core/random.js";
import { abs, add, type Expression, mul, sum } from "../expression/expression.js";
import { defineMergeMethod, type MergeMethod } from "../method.js";
import { disjointMean, plainSum, rescaled, signConsensus } from "./consensus.js";
import { followsPaper, PROFILES, type Sparsifier, sparsify } from "./sparsify.js";
import { taskVectors } from "./task-vectors.js";

/** What tells one method of the family from the others. */
interface Row extends Pick<MergeMethod, "id" | "title" | "doc" | "formula" | "use" | "paper" | "cases"> {
  readonly sparsifier: Sparsifier;
  /** Whether only changes of the elected sign are added. */
  readonly consensus: boolean;
  readonly normalize: boolean;
  readonly rescale: boolean;
}

const density = number({ doc: "Share of each task vector that is kept.", min: 0, max: 1, default: 1 });
const gamma = number({ doc: "Share of the largest changes that is dropped as well.", min: 0, max: 1, default: 0.01 });
const epsilon = number({
  doc: "The probability of being kept goes from density − epsilon for the smallest changes to density + epsilon.",
  min: 0,
  max: 1,
  default: 0.15,
});

const PER_MODEL = {
  none: {},
  magnitude: { density },
  random: { density },
  outliers: { density, gamma },
  ranked: { density, epsilon },
} as const;

/**
 * A method of the family base + λ · merge of wᵢ·sparsify(xᵢ − base): eight of them differ in a row of data.
 *
 * Where programs and papers differ, `profile` says whom to follow: `mergekit` does as mergekit 0.1.4, defects
 * included; `onebasin`, the default, does the same without the defects; `paper` divides by probabilities and means
 * over counts, `peft` does as PEFT.
 */
export function defineTaskVectorMethod(row: Row): MergeMethod {
  const { sparsifier, consensus, normalize, rescale, ...described } = row;
  return defineMergeMethod({
    ...described,
    models: { min: 1 },
    base: "required",
    defaultWeight: 1,
    gives: "model",
    params: {
      normalize: boolean({ doc: "Divide by the sum of the weights of what is added.", default: normalize }),
      rescale: boolean({ doc: "Give each thinned task vector its old sum of magnitudes.", default: rescale }),
      lambda: number({ doc: "Strength of the summed task vectors; 0 gives the base model.", default: 1 }),
      int8_mask: boolean({ doc: "Accepted, without effect: no mask is stored here.", default: false }),
      profile: choice(PROFILES, { doc: "Whose rules are followed where they differ.", default: "onebasin" }),
      election: choice(["total", "frequency"], {
        doc: "With profile peft or paper: signs are elected by the sum of values, or by the number of models.",
        default: "total",
      }),
    },
    perModel: PER_MODEL[sparsifier],
    problem: ({ each }) => each.map((one) => rankedProblem(one)).find((problem) => problem !== undefined),
    combine: ({ models, base, weights, params, each, key, shape, seed }) => {
      const { profile, election } = params;
      const thinned = taskVectors(models, base).map((delta, model): Expression => {
        const own = { density: 1, gamma: 0, epsilon: 0, ...each[model] };
        const stream = randomStream(seed, row.id, key, model);
        const sparse = sparsify(sparsifier, delta, { shape, profile, stream, ...own });
        const isThinned = sparsifier !== "none" && own.density < 1;
        const keepsSum = params.rescale && isThinned && !(followsPaper(profile) && isRandom(sparsifier));
        return keepsSum ? rescaled(sparse, delta, (x) => sum(abs(x))) : sparse;
      });
      const merged =
        consensus && followsPaper(profile)
          ? disjointMean(thinned, { weights, election })
          : (consensus ? signConsensus : plainSum)(thinned, { weights, normalize: params.normalize });
      return add(base as Expression, mul(merged, params.lambda));
    },
  });
}

const isRandom = (sparsifier: Sparsifier): boolean => sparsifier === "random" || sparsifier === "ranked";

function rankedProblem(own: { readonly density?: number; readonly epsilon?: number }): string | undefined {
  const { density: share = 1, epsilon: spread } = own;
  if (spread === undefined || share >= 1 || share <= 0) return undefined;
  if (share - spread > 0 && share + spread < 1) return undefined;
  return `density ± epsilon must lie between 0 and 1; density=${share} with epsilon=${spread} does not.`;
}
