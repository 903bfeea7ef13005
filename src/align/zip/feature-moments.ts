import { OnebasinError } from "../../core/errors.js";
import { type BatchSource, meanOutputs, type RunOptions } from "../../data/mean-outputs.js";
import type { Network } from "../../network/graph.js";
import type { StateDict } from "../../tensor/tensor.js";
import { joinStates } from "../activations/join-networks.js";
import { createMomentGraph } from "../activations/moment-graph.js";
import type { UnitValue } from "../activations/unit-values.js";
import { inverseDeviations } from "../scores/inverse-deviations.js";

/** What the units of one value of several models do together, over images and places; model after model. */
export interface FeatureMoments {
  /** [units of all models] */
  readonly means: Float64Array;
  /** Means of products, [units of all models, units of all models]. */
  readonly products: Float64Array;
}

/**
 * Runs networks side by side over images, once, and collects what the units of all of them do together.
 *
 * Cost: one forward pass of each, and 2 · units² operations for each image and place.
 *
 * @param values for each value of interest, where it is in each model
 * @throws `missing-data` when there are too few images for one batch, `non-finite`, `aborted`
 */
export async function featureMoments(
  models: readonly { readonly network: Network; readonly state: StateDict }[],
  values: readonly (readonly UnitValue[])[],
  options: BatchSource & RunOptions,
): Promise<FeatureMoments[]> {
  const graph = createMomentGraph(models.map(({ network }) => network));
  const wanted = values.map((places) => {
    const rows = graph.stacked(places.map((place, model) => graph.rows(model, place)));
    return { means: graph.means(rows), products: graph.products(rows, rows) };
  });
  const model = { network: graph.network(), state: joinStates(models.map(({ state }) => state)) };
  const { means } = await meanOutputs(model, options, { ...options, stage: "looking at features" });
  return wanted.map((names, index) => {
    const moments = { means: means.get(names.means)!, products: means.get(names.products)! };
    if (moments.means.every(Number.isFinite) && moments.products.every(Number.isFinite)) return moments;
    throw new OnebasinError("non-finite", `The value "${values[index][0].value}" is not finite on these images.`, {
      hint: "One of the networks holds numbers that are NaN or infinite, or gives such: look with onebasin inspect.",
    });
  });
}

/**
 * The correlations of all units, [units, units], as a mean over several values. A value in which neither of two units does
 * anything says nothing of them; what is never said is 0.
 */
export function meanCorrelations(moments: readonly FeatureMoments[]): Float32Array {
  const units = moments[0].means.length;
  const inverses = moments.map(({ means, products }) =>
    inverseDeviations(
      means,
      means.map((_, unit) => products[unit * units + unit]),
    ),
  );
  const correlations = new Float32Array(units * units);
  for (let i = 0; i < units; i++) {
    for (let j = i; j < units; j++) {
      let [sum, count] = [0, 0];
      for (const [index, { means, products }] of moments.entries()) {
        const inverse = inverses[index];
        if (inverse[i] === 0 && inverse[j] === 0) continue;
        sum += (products[i * units + j] - means[i] * means[j]) * inverse[i] * inverse[j];
        count++;
      }
      correlations[i * units + j] = sum / Math.max(1, count);
      correlations[j * units + i] = correlations[i * units + j];
    }
  }
  return correlations;
}
