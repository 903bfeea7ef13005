import type { Model } from "../../align/zip/zip-part.js";
import type { BatchSource, RunOptions } from "../../data/mean-outputs.js";
import { layersOf } from "../../network/layers-of.js";
import type { ChannelMoments } from "../../repair/channel-moments.js";
import { normalizationsOf } from "../../repair/normalizations.js";
import { recomputeStatistics } from "../../repair/recompute-statistics.js";
import { rescalableLayers, rescaleUnits } from "../../repair/rescale-units.js";
import { createTensor, type StateDict, type Tensor } from "../../tensor/tensor.js";

/**
 * Gives units the mean and the deviation that they should have. Where there is batch normalisation, its statistics are
 * recomputed, and what it scales and shifts by is the target's: on images of several datasets units do not vary as they
 * did on one. Elsewhere layers are rescaled. What has neither stays.
 *
 * @param target by the value of each layer
 */
export async function repairModel(
  model: Model,
  target: ReadonlyMap<string, ChannelMoments>,
  options: BatchSource & RunOptions,
): Promise<Model> {
  const { network } = model;
  if (normalizationsOf(network).length > 0) {
    // Each layer must see what those before it will give.
    const scaled = { network, state: new Map([...model.state, ...targetScales(model, target)]) };
    return { network, state: await recomputeStatistics(scaled, options, options) };
  }
  if (rescalableLayers(network).length > 0) return { network, state: await rescaleUnits(model, target, options) };
  return model;
}

/** Scale and shift of normalisations whose output has a target. */
function targetScales({ network, state }: Model, target: ReadonlyMap<string, ChannelMoments>): StateDict {
  const scales = new Map<string, Tensor>();
  for (const { normalization, value } of layersOf(network)) {
    const moments = target.get(value);
    if (normalization === undefined || moments === undefined) continue;
    const [, scale, shift] = normalization.inputs;
    if (!state.has(scale) || !state.has(shift)) continue;
    scales.set(scale, createTensor("f32", [moments.mean.length], moments.variance.map(Math.sqrt)));
    scales.set(shift, createTensor("f32", [moments.mean.length], moments.mean));
  }
  return scales;
}
