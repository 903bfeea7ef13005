import type { BatchSource, RunOptions } from "../../data/mean-outputs.js";
import type { Network } from "../../network/graph.js";
import type { StateDict } from "../../tensor/tensor.js";
import { scoreMoments } from "../scores/score-moments.js";
import { derivePermutationSpec } from "../spec/derive-spec.js";
import { activationMoments, type Moments } from "./activation-moments.js";
import { unitValues } from "./unit-values.js";

/** How alike two networks are at one place. */
export interface LayerSimilarity {
  /** The group of units, named after the layer that makes them. */
  readonly group: string;
  readonly value: string;
  /** Linear centred kernel alignment, 0 to 1; does not depend on the order of units. */
  readonly cka: number;
  /** Mean correlation of units of the same number, −1 to 1: high once the networks are aligned. */
  readonly correlation: number;
  /** For each unit of the first network the unit of the second that correlates best; where asked for. */
  readonly best?: BestUnits;
}

/** By unit of the first network. */
export interface BestUnits {
  /** A unit of the second; several may share one. */
  readonly units: readonly number[];
  /** Its correlation, −1 to 1. */
  readonly correlation: readonly number[];
}

/**
 * Compares what the layers of two networks do on images.
 *
 *     CKA = ‖cov(x, y)‖² / (‖cov(x, x)‖ ‖cov(y, y)‖)
 *
 * @source Kornblith, Norouzi, Lee and Hinton, "Similarity of Neural Network Representations Revisited", ICML 2019, eq. 4
 */
export async function layerSimilarity(
  models: { readonly network: Network; readonly a: StateDict; readonly b: StateDict },
  options: BatchSource & RunOptions & { /** Whether `best` is wanted; default false. */ readonly best?: boolean },
): Promise<LayerSimilarity[]> {
  const { network, a, b } = models;
  const values = unitValues(network, derivePermutationSpec(network));
  const moments = await activationMoments(
    [
      { network, state: a },
      { network, state: b },
    ],
    values.map((value) => [value, value]),
    options,
    { ...options, own: true },
  );
  return moments.map((moment) => {
    const [rows, columns] = moment.sizes;
    const correlations = scoreMoments(moment, "correlation");
    let sum = 0;
    for (let unit = 0; unit < rows; unit++) sum += correlations[unit * columns + unit];
    return {
      group: moment.value.group,
      value: moment.value.value,
      cka: ckaOf(moment),
      correlation: sum / rows,
      ...(options.best === true && { best: bestUnits(correlations, { rows, columns }) }),
    };
  });
}

function bestUnits(
  correlations: Float32Array,
  { rows, columns }: { readonly rows: number; readonly columns: number },
): BestUnits {
  const units = Array.from({ length: rows }, (_, row) => {
    const own = correlations.subarray(row * columns, (row + 1) * columns);
    return own.indexOf(Math.max(...own));
  });
  return { units, correlation: units.map((unit, row) => correlations[row * columns + unit]) };
}

function ckaOf({ means: [x, y], products, own }: Moments): number {
  if (own === undefined) return Number.NaN;
  const across = squaredNorm(products, x, y);
  const within = Math.sqrt(squaredNorm(own[0], x, x) * squaredNorm(own[1], y, y));
  return within > 0 ? across / within : 0;
}

/** Σ over pairs of units of (E[xy] − E[x]E[y])². */
function squaredNorm(products: Float64Array, x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) {
    for (let j = 0; j < y.length; j++) sum += (products[i * y.length + j] - x[i] * y[j]) ** 2;
  }
  return sum;
}
