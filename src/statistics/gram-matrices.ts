import { meanOutputs, type RunOptions } from "../data/mean-outputs.js";
import { intAttribute, intsAttribute } from "../network/attributes.js";
import { batchSizes } from "../network/batch-sizes.js";
import type { Attributes, GraphNode, Network } from "../network/graph.js";
import { inferShapes } from "../network/infer-shapes.js";
import { placesOf, readWindow } from "../network/window.js";
import { elementCount, type Shape } from "../tensor/shape.js";
import { createTensor, type StateDict, type Tensor } from "../tensor/tensor.js";
import type { MeasureSource } from "./measure-source.js";

/** Images of each dataset in one batch. */
const IMAGES_AT_ONCE = 50;

export interface GramMatrices {
  /** By the key of a layer's weight [out, …inputs]: [inputs, inputs], in f32. */
  readonly state: StateDict;
  /** Weights with two axes or more of which none was measured: grouped convolutions, tables, layouts of other kinds. */
  readonly leftOut: readonly string[];
}

/**
 * The Gram matrix of what each layer hears:
 *
 *     G = mean of x · xᵀ
 *
 * over images and, in a convolution, over the places of its window; there x is the window's patch in the order of the
 * weight, [in, kh, kw]. A weight that stands in several layers gets the mean of theirs.
 *
 * Cost: one forward pass over the images, and 2 · inputs² operations for each place of each layer; inputs² numbers a
 * layer are held.
 *
 * @throws `mismatch` when state and network do not fit, `missing-data` without images, `aborted`
 * @source Jin et al., “Dataless Knowledge Fusion by Merging Weights of Language Models”, section 3
 */
export async function gramMatrices(
  model: { readonly network: Network; readonly state: StateDict },
  { images, samples, normalise }: MeasureSource,
  options: RunOptions,
): Promise<GramMatrices> {
  const fewest = Math.min(...images.map((set) => set.count));
  const each = Math.max(1, Math.min(IMAGES_AT_ONCE, Math.floor(samples / images.length), fewest));
  const batch = each * images.length;
  const { network, names } = gramNetwork(model.network, batch);
  const { means } = await meanOutputs(
    { network, state: model.state },
    { images, batch, batches: Math.max(1, Math.floor(samples / batch)), normalise },
    { ...options, stage: "measuring layer inputs" },
  );
  const state = new Map(
    [...names].map(([key, own]): [string, Tensor] => {
      const matrices = own.map((name) => means.get(name) as Float64Array);
      const mean = matrices[0].map((_, i) => matrices.reduce((sum, matrix) => sum + matrix[i], 0) / matrices.length);
      const inputs = Math.sqrt(mean.length);
      return [key, createTensor("f32", [inputs, inputs], mean)];
    }),
  );
  const weights = [...model.network.state].filter(([, { kind, shape }]) => kind === "parameter" && shape.length > 1);
  return { state, leftOut: weights.flatMap(([key]) => (state.has(key) ? [] : [key])) };
}

/** The network with the Gram matrix of each layer's inputs as its only outputs, and their names by key. */
function gramNetwork(
  network: Network,
  batch: number,
): { readonly network: Network; readonly names: ReadonlyMap<string, readonly string[]> } {
  const { shapes } = inferShapes(network, { sizes: batchSizes(network, batch) });
  const nodes: GraphNode[] = [...network.nodes];
  const constants = new Map(network.constants);
  const names = new Map<string, string[]>();
  const add: AddNode = (op, inputs, attributes = {}) => {
    const output = `gram/${nodes.length}`;
    nodes.push({ op, name: output, inputs, outputs: [output], attributes });
    return output;
  };
  const constant: AddConstant = (dtype, values) => {
    const name = `gram/constant ${dtype} ${values.join(" ")}`;
    constants.set(name, createTensor(dtype, [values.length], values));
    return name;
  };
  for (const node of network.nodes) {
    const [input, key] = node.inputs;
    const weight = network.state.get(key);
    const shape = shapes.get(input);
    if (weight?.kind !== "parameter" || shape === undefined) continue;
    const heard = inputRows(node, { input, shape, weight: weight.shape }, { add, constant });
    if (heard === undefined) continue;
    const sum = add("Gemm", [heard.columns, heard.columns], { transB: { int: 1 } });
    const mean = add("Mul", [sum, constant("f32", [1 / heard.count])]);
    names.set(key, [...(names.get(key) ?? []), mean]);
  }
  const outputs = [...names.values()].flat().map((name) => ({ name, dtype: "f32" as const }));
  return { network: { ...network, nodes, constants, outputs }, names };
}

type AddNode = (op: string, inputs: readonly string[], attributes?: Attributes) => string;
type AddConstant = (dtype: "f32" | "i64", values: readonly number[]) => string;

interface Layer {
  readonly input: string;
  readonly shape: Shape;
  readonly weight: Shape;
}

/** What a layer hears, as a matrix [inputs, count] in the order of its weight; `undefined` for what is no such layer. */
function inputRows(
  node: GraphNode,
  layer: Layer,
  graph: { readonly add: AddNode; readonly constant: AddConstant },
): { readonly columns: string; readonly count: number } | undefined {
  const { input, shape } = layer;
  if (node.op === "Conv") return intAttribute(node, "group", 1) === 1 ? patches(node, layer, graph) : undefined;
  const isLinear = node.op === "Gemm" && intAttribute(node, "transA", 0) === 0 && intAttribute(node, "transB", 0) === 1;
  if (!isLinear) return undefined;
  return { columns: graph.add("Transpose", [input], { perm: { ints: [1, 0] } }), count: shape[0] };
}

function patches(
  node: GraphNode,
  { input, shape, weight }: Layer,
  { add, constant }: { readonly add: AddNode; readonly constant: AddConstant },
): { readonly columns: string; readonly count: number } {
  const kernel = intsAttribute(node, "kernel_shape", weight.slice(2));
  const window = readWindow(node, shape, kernel);
  const spatial = kernel.map((_, axis) => axis + 2);
  const pads = [0, 0, ...window.padsBegin, 0, 0, ...window.padsEnd];
  const padded = pads.some((pad) => pad > 0) ? add("Pad", [input, constant("i64", pads)]) : input;
  const taps = placesOf(kernel).map((place) => {
    const starts = place.map((tap, axis) => tap * window.dilations[axis]);
    const ends = starts.map((start, axis) => start + (window.output[axis] - 1) * window.strides[axis] + 1);
    const seen = add("Slice", [
      padded,
      ...[starts, ends, spatial, window.strides].map((ints) => constant("i64", ints)),
    ]);
    return add("Unsqueeze", [seen, constant("i64", [2])]);
  });
  const joined = taps.length === 1 ? taps[0] : add("Concat", taps, { axis: { int: 2 } });
  // [n, c, taps, …] to [c, taps, n, …]
  const turned = add("Transpose", [joined], { perm: { ints: [1, 2, 0, ...spatial.map((axis) => axis + 1)] } });
  const columns = add("Reshape", [turned, constant("i64", [shape[1] * taps.length, -1])]);
  return { columns, count: shape[0] * elementCount(window.output) };
}
