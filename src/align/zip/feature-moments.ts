import { OnebasinError } from "../../core/errors.js";
import { type BatchSource, meanOutputs, type RunOptions } from "../../data/mean-outputs.js";
import type { GraphNode, Network } from "../../network/graph.js";
import { createTensor, type StateDict, type Tensor } from "../../tensor/tensor.js";
import { joinedName, joinNetworks, joinStates } from "../activations/join-networks.js";
import type { FeaturePlace } from "./feature-places.js";

/** What the units of one value of several models do together, over images and places; model after model. */
export interface FeatureMoments {
  /** [units of all models] */
  readonly means: Float64Array;
  /** Means of products, [units of all models, units of all models]. */
  readonly products: Float64Array;
}

/**
 * Runs networks side by side over images, once, and collects what the units of all of them do together.
 *
 * Cost: one forward pass of each, and 2 · units² operations for each image and place.
 *
 * @param values for each value of interest, where it is in each model
 * @throws `missing-data` when there are too few images for one batch, `non-finite`, `aborted`
 */
export async function featureMoments(
  models: readonly { readonly network: Network; readonly state: StateDict }[],
  values: readonly (readonly FeaturePlace[])[],
  options: BatchSource & RunOptions,
): Promise<FeatureMoments[]> {
  const joint = joinNetworks(models.map(({ network }) => network));
  const nodes: GraphNode[] = [...joint.nodes];
  const node = (op: string, inputs: readonly string[], output: string, attributes: GraphNode["attributes"] = {}) => {
    nodes.push({ op, name: output, inputs, outputs: [output], attributes });
    return output;
  };
  const constants = new Map<string, Tensor>([
    ...joint.constants,
    ["moments/flat", createTensor("i64", [2], [0, -1])],
    ["moments/last", createTensor("i64", [1], [1])],
  ]);
  const wanted = values.map((places, index) => {
    const rows = places.map(({ value, reshape, rank, axis }, model) => {
      const name = (what: string): string => `moments/${index}/${model}/${what}`;
      const perm = [axis, ...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis)];
      let given = joinedName(model, value);
      if (reshape !== undefined) {
        const sizes = name("sizes");
        constants.set(sizes, createTensor("i64", [reshape.length], [...reshape]));
        given = node("Reshape", [given, sizes], name("reshaped"));
      }
      const turned = node("Transpose", [given], name("turned"), { perm: { ints: perm } });
      return node("Reshape", [turned, "moments/flat"], name("rows"));
    });
    const all = node("Concat", rows, `moments/${index}/rows`, { axis: { int: 0 } });
    const shape = node("Shape", [all], `moments/${index}/shape`, { start: { int: 1 }, end: { int: 2 } });
    const count = node("Cast", [shape], `moments/${index}/count`, { to: { int: 1 } });
    const sum = node("Gemm", [all, all], `moments/${index}/sum`, { transB: { int: 1 } });
    return {
      products: node("Div", [sum, count], `moments/${index}/products`),
      means: node("ReduceMean", [all, "moments/last"], `moments/${index}/means`, { keepdims: { int: 0 } }),
    };
  });
  const outputs = wanted.flatMap(({ products, means }) => [products, means]);
  const network = { ...joint, nodes, constants, outputs: outputs.map((name) => ({ name, dtype: "f32" as const })) };
  const state = joinStates(models.map((model) => model.state));
  const { means } = await meanOutputs({ network, state }, options, { ...options, stage: "looking at features" });
  return wanted.map((names, index) => {
    const moments = { means: means.get(names.means)!, products: means.get(names.products)! };
    if (moments.means.every(Number.isFinite) && moments.products.every(Number.isFinite)) return moments;
    throw new OnebasinError("non-finite", `The value "${values[index][0].value}" is not finite on these images.`, {
      hint: "One of the networks holds numbers that are NaN or infinite, or gives such: look with onebasin inspect.",
    });
  });
}

/** A unit whose variance is this share of its mean square does nothing but rounding: it is never active, or constant. */
const LEAST_VARIANCE = 1e-6;

/**
 * The correlations of all units, [units, units], as a mean over several values. A value in which neither of two units does
 * anything says nothing of them; what is never said is 0.
 */
export function meanCorrelations(moments: readonly FeatureMoments[]): Float32Array {
  const units = moments[0].means.length;
  const inverses = moments.map(({ means, products }) =>
    means.map((mean, unit) => {
      const square = products[unit * units + unit];
      const variance = square - mean * mean;
      return variance > LEAST_VARIANCE * square ? 1 / Math.sqrt(variance) : 0;
    }),
  );
  const correlations = new Float32Array(units * units);
  for (let i = 0; i < units; i++) {
    for (let j = i; j < units; j++) {
      let [sum, count] = [0, 0];
      for (const [index, { means, products }] of moments.entries()) {
        const inverse = inverses[index];
        if (inverse[i] === 0 && inverse[j] === 0) continue;
        sum += (products[i * units + j] - means[i] * means[j]) * inverse[i] * inverse[j];
        count++;
      }
      correlations[i * units + j] = sum / Math.max(1, count);
      correlations[j * units + i] = correlations[i * units + j];
    }
  }
  return correlations;
}
