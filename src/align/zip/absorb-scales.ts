import { floatAttribute, intAttribute } from "../../network/attributes.js";
import { USUAL_EPSILON } from "../../network/batch-norm-defaults.js";
import type { GraphNode, Network } from "../../network/graph.js";
import { createTensor, type StateDict, type Tensor, tensorNumbers } from "../../tensor/tensor.js";

/** A batch normalisation that alone reads what a layer gives, and whose parameters are its own. */
interface Pair {
  readonly layer: GraphNode;
  readonly norm: GraphNode;
}

const readOnce = (network: Network, value: string): boolean =>
  network.nodes.filter(({ inputs }) => inputs.includes(value)).length === 1;

function pairsOf(network: Network): Pair[] {
  return network.nodes.flatMap((norm) => {
    if (norm.op !== "BatchNormalization") return [];
    const layer = network.nodes.find(({ outputs }) => outputs[0] === norm.inputs[0]);
    if (layer === undefined || (layer.op !== "Conv" && layer.op !== "Gemm")) return [];
    const keys = [...layer.inputs.slice(1), ...norm.inputs.slice(1)].filter((key) => key !== "");
    const isOwn = keys.every((key) => network.state.has(key) && readOnce(network, key));
    return isOwn && readOnce(network, norm.inputs[0]) ? [{ layer, norm }] : [];
  });
}

const epsilonOf = (norm: GraphNode): number => floatAttribute(norm, "epsilon", USUAL_EPSILON);

/**
 * Gives the outputs of layers before a batch normalisation the scale and the sign that they have behind it. The scale
 * of a weight there means nothing, and a mean of weights of different scales would be that of the larger ones. What the
 * network computes stays the same.
 *
 *     W ← W γ/σ    μ ← μ γ/σ    γ ← |γ|    σ² ← γ²
 *
 * @returns a state that shares all other tensors with the given one
 */
export function absorbScales(network: Network, state: StateDict): StateDict {
  const absorbed = new Map(state);
  for (const { layer, norm } of pairsOf(network)) {
    const [, gammaKey, , meanKey, varianceKey] = norm.inputs;
    const [gamma, variance] = [gammaKey, varianceKey].map((key) => tensorNumbers(state.get(key)!));
    const epsilon = epsilonOf(norm);
    const factor = gamma.map((it, unit) => it / Math.sqrt(variance[unit] + epsilon));
    const [, weightKey, biasKey = ""] = layer.inputs;
    const isUnitFirst = layer.op === "Conv" || intAttribute(layer, "transB", 0) === 1;
    scale(absorbed, weightKey, factor, isUnitFirst);
    scale(absorbed, meanKey, factor, true);
    if (biasKey !== "") scale(absorbed, biasKey, factor, true);
    // A variance cannot be below 0, so that γ² must not be below ε.
    const scales = gamma.map((it) => Math.max(Math.abs(it), Math.sqrt(epsilon)));
    set(absorbed, gammaKey, scales);
    set(absorbed, varianceKey, variancesFor(scales, epsilon));
  }
  return absorbed;
}

/** Puts the variances of a merged trunk in agreement with its merged scales, as `absorbScales` left them. */
export function settleVariances(network: Network, state: StateDict): StateDict {
  const settled = new Map(state);
  for (const { norm } of pairsOf(network)) {
    const scales = tensorNumbers(state.get(norm.inputs[1])!);
    set(settled, norm.inputs[4], variancesFor(scales, epsilonOf(norm)));
  }
  return settled;
}

const variancesFor = (scales: Float64Array, epsilon: number): Float64Array =>
  scales.map((it) => Math.max(0, it * it - epsilon));

function scale(state: Map<string, Tensor>, key: string, factor: Float64Array, isUnitFirst: boolean): void {
  const numbers = tensorNumbers(state.get(key)!);
  const run = isUnitFirst ? numbers.length / factor.length : 1;
  set(
    state,
    key,
    numbers.map((it, i) => it * factor[isUnitFirst ? Math.floor(i / run) : i % factor.length]),
  );
}

function set(state: Map<string, Tensor>, key: string, numbers: Float64Array): void {
  const { dtype, shape } = state.get(key)!;
  state.set(key, createTensor(dtype, shape, numbers));
}
