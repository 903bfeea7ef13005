import { OnebasinError } from "../core/errors.js";
import { sameShape, shapeText } from "../tensor/shape.js";
import type { StateDict, Tensor } from "../tensor/tensor.js";
import type { Attribute, GraphNode, Network } from "./graph.js";
import { createGraphBuilder, type GraphBuilder } from "./graph-builder.js";

/** A network, its numbers, and what its output shall be called. */
export interface Head {
  readonly name: string;
  readonly network: Network;
  readonly state: StateDict;
}

/** One network with an output for each head. */
export interface JoinedHeads {
  readonly network: Network;
  readonly state: StateDict;
  /** Keys of entries that all heads share; stored once, under their own names. */
  readonly shared: readonly string[];
}

/**
 * Joins networks that take the same input into one with several named outputs, each of which is what the network
 * of that name gives, to rounding. Entries of the state that are equal in all of them are stored once under their key, all
 * others as `HEAD.key`; nodes that compute the same from the same are there once. Statistics of batch normalisation
 * differ between datasets, and from the first such layer on each head then computes for itself.
 *
 * Tensors are shared with the given states; counters of batches, which no node reads, are left out.
 *
 * @throws `mismatch` when inputs differ in shape, `bad-argument` when two heads have one name
 */
export function joinHeads(heads: readonly Head[]): JoinedHeads {
  const [first, ...others] = heads;
  const [input] = first.network.inputs;
  for (const { name, network } of others) {
    const [{ shape = [] }] = network.inputs;
    if (`${shape}` === `${input.shape}`) continue;
    throw new OnebasinError(
      "mismatch",
      `${name} takes [${shape.join(", ")}], ${first.name} [${input.shape?.join(", ")}]: they cannot share an input.`,
    );
  }
  const build = createGraphBuilder("heads");
  const image = build.input(input.name, input.dtype, input.shape ?? []);
  const state = new Map<string, Tensor>();
  const shared = new Set(
    [...first.state.keys()].filter((key) =>
      others.every((head) => sameTensor(first.state.get(key)!, head.state.get(key))),
    ),
  );
  const made = new Map<string, readonly string[]>();
  const kept: string[] = [];
  const outputs: { readonly name: string; readonly value: string }[] = [];
  for (const { name, network, state: own } of heads) {
    const values = new Map<string, string>([
      ["", ""],
      [network.inputs[0].name, image],
    ]);
    const read = new Set(network.nodes.flatMap(({ inputs }) => inputs));
    for (const [key, tensor] of network.constants) values.set(key, build.constant(tensor));
    for (const [key, entry] of network.state) {
      if (!read.has(key)) continue;
      const joined = shared.has(key) ? key : `${name}.${key}`;
      values.set(key, joined);
      if (state.has(joined)) continue;
      build.state(joined, entry);
      state.set(joined, own.get(key)!);
      if (shared.has(key)) kept.push(key);
    }
    for (const node of network.nodes) {
      const inputs = node.inputs.map((value) => values.get(value)!);
      const id = signature(node, inputs);
      const results = made.get(id) ?? addNode(build, node, inputs);
      made.set(id, results);
      for (const [index, value] of node.outputs.entries()) values.set(value, results[index]);
    }
    outputs.push({ name, value: values.get(network.outputs[0].name)! });
  }
  for (const { name, value } of outputs) build.output(value, "f32", { as: name });
  return { network: build.build(), state, shared: kept };
}

function addNode(build: GraphBuilder, node: GraphNode, inputs: readonly string[]): readonly string[] {
  const outputs = node.outputs.map((value) => (value === "" ? "" : build.fresh(node.op)));
  return build.nodes(node.op, inputs, outputs.length, node.attributes, { domain: node.domain, outputs });
}

/** Equal for nodes that compute the same. */
function signature({ op, domain = "", outputs, attributes }: GraphNode, inputs: readonly string[]): string {
  const described = Object.entries(attributes).map(([name, attribute]) => [name, describe(attribute)]);
  return JSON.stringify([op, domain, outputs.map((value) => value !== ""), inputs, described]);
}

function describe(attribute: Attribute): unknown {
  if (!("tensor" in attribute)) return attribute;
  const { dtype, shape, bytes } = attribute.tensor;
  return `${dtype} ${shapeText(shape)} ${bytes.join(" ")}`;
}

function sameTensor(a: Tensor, b: Tensor | undefined): boolean {
  if (b === undefined || a.dtype !== b.dtype || !sameShape(a.shape, b.shape)) return false;
  return a.bytes.every((byte, index) => byte === b.bytes[index]);
}
