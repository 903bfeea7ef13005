import { type BatchSource, meanOutputs, type RunOptions } from "../../data/mean-outputs.js";
import type { Network } from "../../network/graph.js";
import type { StateDict } from "../../tensor/tensor.js";
import { joinStates } from "./join-networks.js";
import { createMomentGraph } from "./moment-graph.js";
import type { UnitValue } from "./unit-values.js";

/** What the units of one value of two models do together, over images and places. */
export interface Moments {
  readonly value: UnitValue;
  /** Units of the first and of the second model. */
  readonly sizes: readonly [number, number];
  /** [units] */
  readonly means: readonly [Float64Array, Float64Array];
  /** Means of squares, [units]. */
  readonly squares: readonly [Float64Array, Float64Array];
  /** Means of products, [units of the first, units of the second]. */
  readonly products: Float64Array;
  /** Means of products within each model, [units, units], where asked for. */
  readonly own?: readonly [Float64Array, Float64Array];
}

/**
 * Runs two networks side by side over images, once, and collects what their units do together. The products are
 * matrix products in the runtime's graph; only sums leave it.
 *
 * @param pairs values of the first network, each with its counterpart in the second
 * @throws `missing-data` when there are too few images for one batch, `aborted`
 */
export async function activationMoments(
  models: readonly { readonly network: Network; readonly state: StateDict }[],
  pairs: readonly (readonly [UnitValue, UnitValue])[],
  source: BatchSource,
  options: RunOptions & { /** Whether products within each model are wanted too. */ readonly own?: boolean },
): Promise<Moments[]> {
  const { own = false } = options;
  const graph = createMomentGraph(models.map(({ network }) => network));
  const wanted = pairs.map((pair) => {
    const rows: [string, string] = [graph.rows(0, pair[0]), graph.rows(1, pair[1])];
    return {
      value: pair[0],
      means: both(rows, graph.means),
      squares: both(rows, graph.squares),
      products: graph.products(rows[0], rows[1]),
      own: own ? both(rows, (it) => graph.products(it, it)) : undefined,
    };
  });
  const model = { network: graph.network(), state: joinStates(models.map(({ state }) => state)) };
  const { means } = await meanOutputs(model, source, { ...options, stage: "looking at activations" });
  const mean = (name: string): Float64Array => means.get(name) as Float64Array;
  return wanted.map(({ value, ...names }) => {
    const ofUnits = both(names.means, mean);
    return {
      value,
      sizes: both(ofUnits, ({ length }) => length),
      means: ofUnits,
      squares: both(names.squares, mean),
      products: mean(names.products),
      own: names.own && both(names.own, mean),
    };
  });
}

const both = <A, B>([first, second]: readonly [A, A], map: (it: A) => B): [B, B] => [map(first), map(second)];
