import { floatAttribute } from "../network/attributes.js";
import type { Network } from "../network/graph.js";
import { layersOf } from "../network/layers-of.js";
import { createTensor, type StateDict, type Tensor, tensorNumbers } from "../tensor/tensor.js";

/**
 * Sets the statistics of a merged network from its parents', without data. A mean of units that agree only in part
 * varies less than they do; how far they agree is taken from the cosine of their weights.
 *
 *     μ = Σ wᵢ μᵢ        σ² = Σᵢ Σⱼ wᵢ wⱼ σᵢ σⱼ cos(filter of i, filter of j)
 *
 * @param parents aligned with each other, in the order of the weights
 * @param weights how the parents were mixed; scaled to a sum of 1
 */
export function statisticsWithoutData(
  model: { readonly network: Network; readonly state: StateDict },
  parents: readonly StateDict[],
  weights: readonly number[],
): StateDict {
  const { network, state } = model;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = weights.map((weight) => weight / total);
  const repaired = new Map(state);
  for (const { weight, normalization, node } of layersOf(network)) {
    if (normalization === undefined || node.op !== "Conv") continue;
    const [, , , meanKey, varianceKey] = normalization.inputs;
    const epsilon = floatAttribute(normalization, "epsilon", 1e-5);
    const read = (key: string): Float64Array[] => parents.map((parent) => tensorNumbers(parent.get(key) as Tensor));
    const [means, variances, filters] = [read(meanKey), read(varianceKey), read(weight)];
    const units = means[0].length;
    const size = filters[0].length / units;
    const dot = (i: number, j: number, unit: number): number => {
      let sum = 0;
      for (let k = unit * size; k < (unit + 1) * size; k++) sum += filters[i][k] * filters[j][k];
      return sum;
    };
    const mean = new Float64Array(units);
    const variance = new Float64Array(units);
    for (let unit = 0; unit < units; unit++) {
      for (const [i, share] of shares.entries()) {
        mean[unit] += share * means[i][unit];
        for (const [j, other] of shares.entries()) {
          const lengths = Math.sqrt(dot(i, i, unit) * dot(j, j, unit));
          const cosine = i === j ? 1 : lengths > 0 ? dot(i, j, unit) / lengths : 0;
          variance[unit] += share * other * cosine * Math.sqrt(variances[i][unit] * variances[j][unit]);
        }
      }
      variance[unit] = Math.max(variance[unit], epsilon);
    }
    for (const [key, values] of [
      [meanKey, mean],
      [varianceKey, variance],
    ] as const) {
      const old = state.get(key) as Tensor;
      repaired.set(key, createTensor(old.dtype, old.shape, values));
    }
  }
  return repaired;
}
