import type { Model } from "../../align/zip/zip-part.js";
import type { BatchSource, RunOptions } from "../../data/mean-outputs.js";
import type { Head } from "../../network/join-heads.js";
import { layersOf } from "../../network/layers-of.js";
import { channelMoments } from "../../repair/channel-moments.js";
import { rescalableLayers } from "../../repair/rescale-units.js";
import type { StateDict, Tensor } from "../../tensor/tensor.js";
import { repairModel } from "./repair-model.js";

/**
 * Puts the statistics of a head's own layers right, on its own images. Its trunk stays.
 *
 * @param models the head, and the model that it was
 * @param trunk the tensors of the trunk
 */
export async function repairHead(
  { head, original }: { readonly head: Head; readonly original: Model },
  trunk: StateDict,
  options: BatchSource & RunOptions,
): Promise<Head> {
  const frozen = freeze(head, trunk);
  const normalised = layersOf(frozen.network).filter(({ normalization }) => normalization !== undefined);
  const values = [...normalised, ...rescalableLayers(frozen.network)].map(({ value }) => value);
  const target = values.length === 0 ? new Map() : await channelMoments(original, values, options);
  const { state } = await repairModel(frozen, target, options);
  return { ...head, state: new Map([...head.state, ...state]) };
}

/** A head with its trunk fixed: what is repaired is its own. */
function freeze({ network, state }: Head, trunk: StateDict): Model {
  const isOwn = ([key]: readonly [string, unknown]): boolean => !trunk.has(key);
  return {
    network: {
      ...network,
      constants: new Map<string, Tensor>([...network.constants, ...trunk]),
      state: new Map([...network.state].filter(isOwn)),
    },
    state: new Map([...state].filter(isOwn)),
  };
}
