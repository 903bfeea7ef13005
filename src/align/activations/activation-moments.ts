import { type BatchSource, meanOutputs, type RunOptions } from "../../data/mean-outputs.js";
import type { GraphNode, Network } from "../../network/graph.js";
import { createTensor, type StateDict, type Tensor } from "../../tensor/tensor.js";
import { joinedName, joinNetworks, joinStates } from "./join-networks.js";
import type { UnitValue } from "./unit-values.js";

/** What the units of one value of two models do together, over images and places. */
export interface Moments {
  readonly value: UnitValue;
  /** Units of the first and of the second model. */
  readonly sizes: readonly [number, number];
  /** Means, by unit. */
  readonly means: readonly [Float64Array, Float64Array];
  /** Means of squares, by unit. */
  readonly squares: readonly [Float64Array, Float64Array];
  /** [first, second]: means of products. */
  readonly products: Float64Array;
  /** Means of products within each model, where asked for. */
  readonly own?: readonly [Float64Array, Float64Array];
}

/**
 * Runs two networks side by side over images, once, and collects what their units do together. The products are
 * matrix products in the runtime's graph; only sums leave it.
 *
 * @param pairs values of the first network, each with its counterpart in the second
 * @throws `missing-data` when there are too few images for one batch, `aborted`
 */
export async function activationMoments(
  models: readonly { readonly network: Network; readonly state: StateDict }[],
  pairs: readonly (readonly [UnitValue, UnitValue])[],
  source: BatchSource,
  options: RunOptions & { /** Whether products within each model are wanted too. */ readonly own?: boolean },
): Promise<Moments[]> {
  const { own = false } = options;
  const { network, wanted } = momentsNetwork(models, pairs, own);
  const state = joinStates(models.map((model) => model.state));
  const { means } = await meanOutputs({ network, state }, source, { ...options, stage: "looking at activations" });
  const mean = (name: string): Float64Array => means.get(name) as Float64Array;
  return wanted.map(({ value, names }) => ({
    value,

    sizes: [mean(names.means[0]).length, mean(names.means[1]).length],
    means: [mean(names.means[0]), mean(names.means[1])],
    squares: [mean(names.squares[0]), mean(names.squares[1])],
    products: mean(names.products),
    own: names.own === undefined ? undefined : [mean(names.own[0]), mean(names.own[1])],
  }));
}

interface Wanted {
  readonly value: UnitValue;
  readonly names: {
    readonly means: readonly [string, string];
    readonly squares: readonly [string, string];
    readonly products: string;
    readonly own?: readonly [string, string];
  };
}

/** The joint network with means over images and places as its only outputs. */
function momentsNetwork(
  models: readonly { readonly network: Network }[],
  pairs: readonly (readonly [UnitValue, UnitValue])[],
  own: boolean,
): { readonly network: Network; readonly wanted: readonly Wanted[] } {
  const joint = joinNetworks(models.map(({ network }) => network));
  const nodes: GraphNode[] = [...joint.nodes];
  const constants = new Map<string, Tensor>(joint.constants);
  const outputs: string[] = [];
  const node = (
    op: string,
    inputs: readonly string[],
    output: string,
    attributes: GraphNode["attributes"] = {},
  ): string => {
    nodes.push({ op, name: output, inputs, outputs: [output], attributes });
    return output;
  };
  const asOutput = (name: string): string => {
    outputs.push(name);
    return name;
  };
  const constant = (name: string, tensor: Tensor): string => {
    constants.set(name, tensor);
    return name;
  };
  const flat = constant("moments/flat", createTensor("i64", [2], [0, -1]));
  const last = constant("moments/last", createTensor("i64", [1], [1]));
  const wanted = pairs.map((pair, index): Wanted => {
    const rows: string[] = [];
    const means: string[] = [];
    const squares: string[] = [];
    for (const [model, { value, rank, axis }] of pair.entries()) {
      const name = (what: string): string => `moments/${index}/${model}/${what}`;
      const perm = [axis, ...Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis)];
      const turned = node("Transpose", [joinedName(model, value)], name("turned"), { perm: { ints: perm } });
      rows.push(node("Reshape", [turned, flat], name("rows")));
      const kept = { keepdims: { int: 0 } };
      means.push(asOutput(node("ReduceMean", [rows[model], last], name("mean"), kept)));
      const squared = node("Mul", [rows[model], rows[model]], name("squared"));
      squares.push(asOutput(node("ReduceMean", [squared, last], name("squares"), kept)));
    }
    const product = (left: number, right: number): string => {
      const name = `moments/${index}/${left}${right}`;
      const scale = node("Shape", [rows[left]], `${name}/shape`, { start: { int: 1 }, end: { int: 2 } });
      const count = node("Cast", [scale], `${name}/count`, { to: { int: 1 } });
      const sum = node("Gemm", [rows[left], rows[right]], `${name}/sum`, { transB: { int: 1 } });
      return asOutput(node("Div", [sum, count], `${name}/mean`));
    };
    return {
      value: pair[0],
      names: {
        means: [means[0], means[1]],
        squares: [squares[0], squares[1]],
        products: product(0, 1),
        own: own ? [product(0, 0), product(1, 1)] : undefined,
      },
    };
  });
  return {
    network: { ...joint, nodes, constants, outputs: outputs.map((name) => ({ name, dtype: "f32" })) },
    wanted,
  };
}
