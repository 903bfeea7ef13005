import { OnebasinError } from "../core/errors.js";
import { type BatchSource, meanOutputs, type RunOptions, USUAL_BATCH } from "../data/mean-outputs.js";
import { floatAttribute } from "../network/attributes.js";
import { USUAL_EPSILON } from "../network/batch-norm-defaults.js";
import { batchSizes } from "../network/batch-sizes.js";
import type { Network } from "../network/graph.js";
import { inferShapes } from "../network/infer-shapes.js";
import { elementCount } from "../tensor/shape.js";
import { createTensor, type StateDict, type Tensor } from "../tensor/tensor.js";
import { batchStatisticsNetwork } from "./batch-statistics-network.js";
import { normalizationsOf } from "./normalizations.js";

/**
 * Recomputes the statistics of every batch normalisation on images: each batch is normalised by its own mean and
 * variance, as in training but without dropout, and the statistics are the means over batches, the variance unbiased
 * (PyTorch: reset the statistics, `momentum = None`, `train()` with dropout off).
 *
 * Cost: one forward pass over the images. Tensors other than the statistics are shared with the given state.
 *
 * @returns the state with new statistics, in the dtype the old ones had
 * @throws `unsupported` for a network without batch normalisation, `missing-data`, `aborted`
 */
export async function recomputeStatistics(
  model: { readonly network: Network; readonly state: StateDict },
  source: BatchSource,
  options: RunOptions,
): Promise<StateDict> {
  const { network, state } = model;
  const found = normalizationsOf(network);
  if (found.length === 0) {
    throw new OnebasinError(
      "unsupported",
      `${network.name} has no batch normalisation whose statistics could be recomputed.`,
      {
        hint: "Repair it by rescaling its units: --method rescale, with the models it was merged from.",
      },
    );
  }
  const nodes = new Map(found.map((normalization) => [normalization.node, normalization]));
  const variant = batchStatisticsNetwork(network, (node) => {
    if (!nodes.has(node)) return undefined;
    const [input, scale, bias] = node.inputs;
    const epsilon = floatAttribute(node, "epsilon", USUAL_EPSILON);
    return { before: [], input, scale, bias, old: bias, output: node.outputs[0], epsilon };
  });
  const { means, batches } = await meanOutputs({ network: variant.network, state }, source, {
    ...options,
    stage: "recomputing statistics",
  });
  const { batch = USUAL_BATCH } = source;
  const shapes = inferShapes(network, { sizes: batchSizes(network, batch) });
  const repaired = new Map(state);
  for (const { node, mean, variance, counter } of found) {
    const outputs = variant.outputs.get(node);
    const shape = shapes.shapes.get(node.inputs[0]);
    if (outputs === undefined || shape === undefined) continue;
    const values = elementCount(shape) / shape[1];
    const unbiased = values / Math.max(1, values - 1);
    setVector(repaired, mean, means.get(outputs.mean) as Float64Array);
    setVector(
      repaired,
      variance,
      (means.get(outputs.variance) as Float64Array).map((value) => value * unbiased),
    );
    if (counter !== undefined) setVector(repaired, counter, Float64Array.of(batches));
  }
  return repaired;
}

function setVector(state: Map<string, Tensor>, key: string, values: Float64Array): void {
  const old = state.get(key);
  if (old !== undefined) state.set(key, createTensor(old.dtype, old.shape, values));
}
