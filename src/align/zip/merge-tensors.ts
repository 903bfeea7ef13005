import type { GraphNode, Network, StateEntry } from "../../network/graph.js";
import { createTensor, type StateDict, type Tensor, tensorNumbers } from "../../tensor/tensor.js";
import { type Features, hasFeatures, mapUnits, type Values } from "./map-units.js";
import type { SummedAxis } from "./summed-axes.js";
import type { ZipPart } from "./zip-part.js";

export interface MergeTensorsOptions {
  /** By key and axis of the trunk, where it is summed over. */
  readonly summed: ReadonlyMap<string, readonly (SummedAxis | undefined)[]>;
  /** What a model's units became, as a layer reads them that gets this value. */
  readonly featuresOf: (model: number, value: string | undefined) => Features;
}

/**
 * The tensors of a merged trunk: each model's share, added up.
 *
 *     W* = Σ Mᵐ Wᵐ Uᵐ    Mᵐ the share that units of model m have in each feature, Uᵐ its units read from features
 *
 * @param keys which tensors
 */
export function mergeTensors(
  parts: readonly ZipPart[],
  keys: Iterable<string>,
  { summed, featuresOf }: MergeTensorsOptions,
): Map<string, Tensor> {
  const merged = new Map<string, Tensor>();
  for (const key of keys) {
    let sum: Values | undefined;
    for (const [model, { spec, trunk }] of parts.entries()) {
      const tensor = trunk.state.get(key)!;
      let values: Values = { shape: tensor.shape, numbers: tensorNumbers(tensor) };
      let isShare = false;
      for (const [axis, described] of (spec.axes.get(key) ?? []).entries()) {
        const over = summed.get(key)?.[axis];
        const features = featuresOf(model, over?.value);
        if (!hasFeatures(described, features)) continue;
        values = mapUnits(values, axis, { described, features, kind: over === undefined ? "merge" : "unmerge" });
        isShare ||= over === undefined;
      }
      // What has no units of its own counts as a unit that all models have.
      const factor = isShare ? 1 : 1 / parts.length;
      sum ??= { shape: values.shape, numbers: new Float64Array(values.numbers.length) };
      for (const [i, value] of values.numbers.entries()) sum.numbers[i] += factor * value;
    }
    merged.set(key, createTensor("f32", sum!.shape, sum!.numbers));
  }
  return merged;
}

/** A trunk with merged tensors in the place of its own. */
export function resized(network: Network, state: StateDict): Network {
  const entries = [...network.state].map(([key, entry]): [string, StateEntry] => [
    key,
    { ...entry, shape: state.get(key)?.shape ?? entry.shape },
  ]);
  // A convolution with a filter for each channel has as many groups as channels.
  const nodes = network.nodes.map((node): GraphNode => {
    const { group } = node.attributes;
    const weight = state.get(node.inputs[1]);
    const isByChannel = node.op === "Conv" && group !== undefined && "int" in group && group.int > 1;
    if (!isByChannel || weight === undefined) return node;
    return { ...node, attributes: { ...node.attributes, group: { int: weight.shape[0] / weight.shape[1] } } };
  });
  return { ...network, nodes, state: new Map(entries) };
}
