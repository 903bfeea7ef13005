import type { BatchSource, RunOptions } from "../../data/mean-outputs.js";
import type { UnitValue } from "../activations/unit-values.js";
import { featureMoments } from "./feature-moments.js";
import { solvePositive } from "./solve-positive.js";
import type { Model } from "./zip-part.js";

export interface FitUnmergeOptions extends BatchSource, RunOptions {
  /** How strongly the fit is held to giving each unit the feature that it became; above 0. */
  readonly ridge: number;
}

/** What is less than this share of the largest that a mean of products can be is the rounding of sums in f32. */
const ROUNDING = 2 ** -18;

/**
 * Fits how the units of some models are read from the features of a trunk: by least squares over images and places, held
 * to the feature that each unit became.
 *
 *     U = U₀ + E[(x − U₀ y) yᵀ] (E[y yᵀ] + ridge · 1)⁻¹    x units, y features
 *
 * Cost: one forward pass of the trunk and of each model.
 *
 * @param models with the place of a value in each, and the same value in the trunk
 * @returns for each model, [units, features]
 */
export async function fitUnmerge(
  models: readonly { readonly model: Model; readonly place: UnitValue; readonly featureOf: Uint32Array }[],
  trunk: { readonly model: Model; readonly place: UnitValue; readonly features: number },
  options: FitUnmergeOptions,
): Promise<Float64Array[]> {
  const [{ products }] = await featureMoments(
    [...models.map(({ model }) => model), trunk.model],
    [[...models.map(({ place }) => place), trunk.place]],
    options,
  );
  const { features } = trunk;
  const all = models.reduce((sum, { featureOf }) => sum + featureOf.length, features);
  const first = all - features;
  const own = (i: number, j: number): number => products[(first + i) * all + first + j];
  let start = 0;
  const rest = new Float64Array(first * features);
  for (const { featureOf } of models) {
    for (const [unit, feature] of featureOf.entries()) {
      const row = start + unit;
      const size = Math.sqrt(products[row * all + row]);
      for (let j = 0; j < features; j++) {
        const left = products[row * all + first + j] - own(feature, j);
        if (Math.abs(left) > ROUNDING * size * Math.sqrt(own(j, j))) rest[row * features + j] = left;
      }
    }
    start += featureOf.length;
  }
  const square = new Float64Array(features * features);
  for (let i = 0; i < features; i++) {
    for (let j = 0; j < features; j++) square[i * features + j] = own(i, j);
  }
  solvePositive(square, rest, { size: features, ridge: options.ridge });
  start = 0;
  return models.map(({ featureOf }) => {
    const fitted = rest.slice(start * features, (start + featureOf.length) * features);
    for (const [unit, feature] of featureOf.entries()) fitted[unit * features + feature] += 1;
    start += featureOf.length;
    return fitted;
  });
}
