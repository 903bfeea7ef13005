import { settleVariances } from "../../align/zip/absorb-scales.js";
import type { Features } from "../../align/zip/map-units.js";
import { mergeTensors, resized } from "../../align/zip/merge-tensors.js";
import { splitTrunk } from "../../align/zip/split-trunk.js";
import { summedAxes } from "../../align/zip/summed-axes.js";
import type { Model } from "../../align/zip/zip-part.js";
import type { BatchSource, RunOptions } from "../../data/mean-outputs.js";
import type { StateDict } from "../../tensor/tensor.js";
import { fitFeatures } from "./fit-features.js";
import type { TrunkPlan } from "./plan-trunk.js";
import { repairModel } from "./repair-model.js";

export interface MergeTrunkOptions extends BatchSource, RunOptions {
  /** How units are read from features: by least squares, or each as the feature that it became. */
  readonly unmerge: "fit" | "copy";
  readonly ridge: number;
  /** Whether statistics are put right. */
  readonly repair: boolean;
}

export interface MergedTrunk extends Model {
  /** Its tensors as they would be without fitting and repair. */
  readonly plain: StateDict;
}

/**
 * Merges the tensors of a trunk. Where units are fitted this goes layer by layer from the image on: what a layer reads is
 * fitted to what the merged layers before it really give.
 *
 * Cost: with fitting and repair, for each layer a forward pass of all models up to it and two of the trunk.
 */
export async function mergeTrunk(plan: TrunkPlan, options: MergeTrunkOptions): Promise<MergedTrunk> {
  const { parts, features, target } = plan;
  const [first] = parts;
  const summed = summedAxes(first.trunk.network, first.derived.shapes);
  const fitted = new Map<string, readonly Features[] | undefined>();
  const merge = (keys: Iterable<string>) =>
    mergeTensors(parts, keys, {
      summed,
      featuresOf: (model, value = "") => fitted.get(value)?.[model] ?? features[model],
    });
  const plain = settleVariances(first.trunk.network, merge(summed.keys()));
  const network = resized(first.trunk.network, plain);
  let state: StateDict = plain;
  for (const [layer, { node, weight }] of (options.unmerge === "fit" ? first.split.layers : []).entries()) {
    const [value] = node.inputs;
    if (!fitted.has(value)) {
      let trunk = below({ network, state }, layer);
      if (options.repair) {
        trunk = await repairModel(trunk, target, options);
        state = new Map([...state, ...trunk.state]);
      }
      const models = parts.map((part, index) => ({ index, model: below(part.trunk, layer) }));
      fitted.set(value, await fitFeatures(plan, value, { ...options, trunk, models }));
    }
    if (fitted.get(value) !== undefined) state = new Map([...state, ...merge([weight])]);
  }
  const { state: repaired } = options.repair ? await repairModel({ network, state }, target, options) : { state };
  return { network, state: repaired, plain };
}

/** The first layers of a model and what depends on nothing else. */
function below({ network, state }: Model, layers: number): Model {
  const { trunk } = splitTrunk(network, layers);
  return { network: trunk, state: new Map([...trunk.state.keys()].map((key) => [key, state.get(key)!])) };
}
