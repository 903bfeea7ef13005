import { OnebasinError } from "../core/errors.js";
import { type BatchSource, meanOutputs, type RunOptions } from "../data/mean-outputs.js";
import { intAttribute } from "../network/attributes.js";
import type { GraphNode, Network } from "../network/graph.js";
import { type Layer, layersOf } from "../network/layers-of.js";
import { createTensor, type StateDict, type Tensor, tensorNumbers } from "../tensor/tensor.js";
import { batchStatisticsNetwork } from "./batch-statistics-network.js";
import type { ChannelMoments } from "./channel-moments.js";

/** Keeps the deviation of a unit that does nothing from being divided by 0. */
const EPSILON = 1e-5;

/**
 * Gives the units of a network without batch normalisation the means and deviations they should have, layer by layer
 * in one pass: each layer is measured on what the repaired layers before it give, and the change is fused into its
 * weight and bias.
 *
 *     y ← (y − E[y]) · target deviation / σ(y) + target mean
 *
 * The layer that gives the network's output stays, and so do layers without a bias, which no mean could be fused into.
 *
 * @param target by the value of each layer
 * @throws `unsupported` when there is no layer that could be rescaled
 * @source Jordan, Sedghi, Saukh, Entezari and Neyshabur, "REPAIR", ICLR 2023, section 3
 */
export async function rescaleUnits(
  model: { readonly network: Network; readonly state: StateDict },
  target: ReadonlyMap<string, ChannelMoments>,
  options: BatchSource & RunOptions,
): Promise<StateDict> {
  const { network, state } = model;
  const layers = new Map(rescalableLayers(network).map((layer) => [layer.node, layer]));
  if (layers.size === 0) {
    throw new OnebasinError(
      "unsupported",
      `${network.name} has no hidden layer with a bias whose units could be rescaled.`,
    );
  }
  const wanted = new Map<string, Tensor>();
  const variant = batchStatisticsNetwork(network, (node) => {
    const moments = target.get(node.outputs[0]);
    if (!layers.has(node) || moments === undefined) return undefined;
    const [scale, bias] = [`repair/${node.name}/scale`, `repair/${node.name}/bias`];
    const inner = `repair/${node.name}/inner`;
    wanted.set(scale, createTensor("f32", [moments.mean.length], moments.variance.map(Math.sqrt)));
    wanted.set(bias, createTensor("f32", [moments.mean.length], moments.mean));
    return {
      before: [{ ...node, outputs: [inner] }],
      input: inner,
      scale,
      bias,
      old: bias,
      output: node.outputs[0],
      epsilon: EPSILON,
    };
  });
  const constants = new Map([...variant.network.constants, ...wanted]);
  const { means } = await meanOutputs({ network: { ...variant.network, constants }, state }, options, {
    ...options,
    stage: "rescaling units",
  });
  const repaired = new Map(state);
  for (const [node, { mean, variance }] of variant.outputs) {
    const layer = layers.get(node) as Layer;
    const moments = target.get(node.outputs[0]) as ChannelMoments;
    const measured = { mean: means.get(mean) as Float64Array, variance: means.get(variance) as Float64Array };
    fuse(repaired, layer, moments, measured);
  }
  return repaired;
}

/** Hidden layers with weight and bias of their own. */
export function rescalableLayers(network: Network): Layer[] {
  const outputs = new Set(network.outputs.map(({ name }) => name));
  const reads = (value: string): number => network.nodes.filter(({ inputs }) => inputs.includes(value)).length;
  // The output may pass through nodes that only rename it.
  for (const { op, inputs, outputs: made } of [...network.nodes].reverse()) {
    if (op === "Identity" && outputs.has(made[0])) outputs.add(inputs[0]);
  }
  return layersOf(network).filter(
    ({ node, weight, normalization }) =>
      normalization === undefined &&
      (node.op === "Conv" || node.op === "Gemm") &&
      network.state.has(node.inputs[2]) &&
      !outputs.has(node.outputs[0]) &&
      reads(weight) === 1 &&
      reads(node.inputs[2]) === 1,
  );
}

function fuse(state: Map<string, Tensor>, { node }: Layer, target: ChannelMoments, measured: ChannelMoments): void {
  const [, weightKey, biasKey] = node.inputs;
  const [weight, bias] = [state.get(weightKey) as Tensor, state.get(biasKey) as Tensor];
  const factor = target.variance.map((variance, unit) => Math.sqrt(variance / (measured.variance[unit] + EPSILON)));
  const numbers = tensorNumbers(weight);
  const units = factor.length;
  const run = numbers.length / units;
  const isUnitFirst = isOutputFirst(node);
  for (let i = 0; i < numbers.length; i++) numbers[i] *= factor[isUnitFirst ? Math.floor(i / run) : i % units];
  state.set(weightKey, createTensor(weight.dtype, weight.shape, numbers));
  const shifted = tensorNumbers(bias).map(
    (value, unit) => (value - measured.mean[unit]) * factor[unit] + target.mean[unit],
  );
  state.set(biasKey, createTensor(bias.dtype, bias.shape, shifted));
}

/** Whether the first axis of the weight is that of the outputs. */
const isOutputFirst = (node: GraphNode): boolean => node.op === "Conv" || intAttribute(node, "transB", 0) === 1;
