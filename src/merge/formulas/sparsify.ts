import type { RandomStream } from "../../core/random.js";
import { elementCount, type Shape } from "../../tensor/shape.js";
import { add, constant, div, type Expression, keep, lt, mul, random, sub, where } from "../expression/expression.js";
import { isBelowRank, rankAlongSecondAxis } from "../expression/rows.js";
import { takeLargest } from "../expression/selection.js";

/** Whose rules are followed where programs and papers differ. */
export const PROFILES = ["onebasin", "mergekit", "paper", "peft"] as const;
export type Profile = (typeof PROFILES)[number];

/** How a task vector is thinned out before it is merged. */
export type Sparsifier = "none" | "magnitude" | "random" | "outliers" | "ranked";

interface SparsifyOptions {
  readonly shape: Shape;
  /** Share of elements to keep. */
  readonly density: number;
  /** Share of the largest elements that is dropped as well (`outliers`). */
  readonly gamma: number;
  /** How far the probability of keeping strays from `density` with the rank (`ranked`). */
  readonly epsilon: number;
  readonly stream: RandomStream;
  readonly profile: Profile;
}

/**
 * A task vector with most of its elements set to 0.
 *
 * - `magnitude`: the int(density·n) largest stay (Yadav et al., TIES)
 * - `random`: each stays with probability density (Yu et al., DARE)
 * - `outliers`: the largest int(γ·n) go, the next int(density·n) stay (Davari & Belilovsky, Model Breadcrumbs)
 * - `ranked`: each stays with a probability that rises with its rank in its row from density − ε to density + ε
 *   (Deep et al., DELLA)
 *
 * A density above 0 keeps at least one element where elements are counted.
 */
export function sparsify(kind: Sparsifier, delta: Expression, options: SparsifyOptions): Expression {
  const { density, shape, stream, profile, epsilon } = options;
  if (kind === "none" || density >= 1) return delta;
  if (density <= 0) return mul(delta, 0);
  const count = elementCount(shape);
  const wanted = Math.max(1, Math.trunc(density * count));
  switch (kind) {
    case "magnitude":
      return largest(delta, wanted, count);
    case "outliers":
      return middle(delta, wanted, options);
    case "random": {
      const kept = mul(delta, keep(lt(random(stream), density)));
      return followsPaper(profile) ? div(kept, density) : kept;
    }
    case "ranked": {
      const [least, spread] = [density - epsilon, 2 * epsilon];
      if (profile !== "paper") {
        return where(keep(isBelowRank(random(stream), delta, { shape, least, spread })), delta, 0);
      }
      const share = add(mul(rankAlongSecondAxis(delta, shape), spread), least);
      return where(lt(random(stream), share), div(delta, share), 0);
    }
  }
}

/** Whether random dropping is made up for by dividing by the probability of being kept. */
export const followsPaper = (profile: Profile): boolean => profile === "paper" || profile === "peft";

const largest = (delta: Expression, wanted: number, count: number): Expression =>
  wanted >= count ? delta : takeLargest(delta, wanted);

function middle(delta: Expression, wanted: number, { shape, gamma, profile }: SparsifyOptions): Expression {
  const count = elementCount(shape);
  const top = Math.min(Math.trunc(gamma * count), count - wanted);
  if (top <= 0) return profile === "mergekit" ? constant(0) : largest(delta, wanted, count);
  return sub(largest(delta, top + wanted, count), takeLargest(delta, top));
}
