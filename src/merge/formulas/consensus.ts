import { apply, div, type Expression, eq, max, mul, sign, weightedSum, where } from "../expression/expression.js";
import { sumOf } from "./task-vectors.js";

/** Below this a sum of weights divides nothing. */
const SMALLEST_WEIGHT = 1e-8;

interface MergeOptions {
  readonly weights: readonly number[];
  /** Divide by the weights of what was kept. */
  readonly normalize: boolean;
}

/** Σ wᵢ·δᵢ, divided by Σ wᵢ when normalised. */
export function plainSum(deltas: readonly Expression[], { weights, normalize }: MergeOptions): Expression {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mixed = weightedSum(deltas, weights);
  return normalize && Math.abs(total) >= SMALLEST_WEIGHT ? div(mixed, total) : mixed;
}

/**
 * Σ of those Dᵢ = wᵢ·δᵢ whose sign is that of Σ Dᵢ (0 counts as +); when normalised, divided by the weights of those
 * that were kept.
 *
 * @source Yadav et al., "TIES-Merging" (NeurIPS 2023), with mergekit's weights
 */
export function signConsensus(deltas: readonly Expression[], { weights, normalize }: MergeOptions): Expression {
  const weighted = deltas.map((delta, i) => mul(delta, weights[i]));
  const elected = sumOf(weighted);
  const kept = weighted.map((one) => apply("agree", one, elected));
  const total = sumOf(kept);
  if (!normalize) return total;
  const divisor = weightedSum(kept.map(isKept), weights);
  return div(total, where(eq(divisor, 0), 1, divisor));
}

/** How the sign of an element is elected: by the sum of the values, or by the number of models. */
export type Election = "total" | "frequency";

/**
 * The mean, over the models whose sign was elected, of wᵢ·δᵢ: weights do not vote, and do not divide.
 *
 * @source PEFT's `disjoint_merge`; with weights of 1 the disjoint mean of the TIES paper
 */
export function disjointMean(
  deltas: readonly Expression[],
  { weights, election }: { readonly weights: readonly number[]; readonly election: Election },
): Expression {
  const elected = sumOf(election === "total" ? deltas : deltas.map(sign));
  const kept = deltas.map((delta) => apply("agree", delta, elected));
  return div(weightedSum(kept, weights), max(sumOf(kept.map(isKept)), 1));
}

const isKept = (kept: Expression): Expression => apply("ne", kept, 0);

/** Makes a thinned-out tensor as large, in the sum of magnitudes, as it was; an (almost) empty one stays. */
export function rescaled(
  thinned: Expression,
  full: Expression,
  sumOfMagnitudes: (x: Expression) => Expression,
): Expression {
  const after = sumOfMagnitudes(thinned);
  return mul(thinned, where(apply("lt", after, SMALLEST_SUM), 1, div(sumOfMagnitudes(full), after)));
}

const SMALLEST_SUM = 1e-7;
