import { OnebasinError } from "../core/errors.js";
import type { DType } from "../tensor/dtype.js";
import { createTensor, type Tensor } from "../tensor/tensor.js";
import type { Attributes, Dim, Graph, GraphNode, GraphValue, Network, StateEntry } from "./graph.js";

/** Collects the parts of a graph; nodes are added in an order in which they can run. */
export interface GraphBuilder {
  /** Declares a value that is fed, and gives its name back. */
  input(name: string, dtype: DType, shape: readonly Dim[]): string;
  /** Declares an entry of the state dict, and gives its key back as the name of the value. */
  state(key: string, entry: StateEntry): string;
  /** A value that never changes; equal small ones are stored once. */
  constant(tensor: Tensor): string;
  /** A constant list of i64, as shapes and axes are given. */
  ints(...values: readonly number[]): string;
  /** A constant list of f32. */
  floats(...values: readonly number[]): string;
  /** A constant f32 scalar. */
  scalar(value: number): string;
  /** Adds a node with one output, and gives the output's name. */
  node(op: string, inputs: readonly string[], attributes?: Attributes, options?: NodeOptions): string;
  /** Adds a node with several outputs. */
  nodes(
    op: string,
    inputs: readonly string[],
    outputCount: number,
    attributes?: Attributes,
    options?: NodeOptions,
  ): string[];
  /** Makes a value an output of the graph, under its own name or another. */
  output(value: string, dtype: DType, options?: { readonly as?: string; readonly shape?: readonly Dim[] }): void;
  /** A name that no other value has. */
  fresh(hint: string): string;
  /** @throws `bad-argument` when a node reads a value that nothing makes */
  build(): Network;
}

export interface NodeOptions {
  readonly domain?: string;
  /** Names for the outputs instead of fresh ones. */
  readonly outputs?: readonly string[];
}

/** Constants up to this size are compared, so that `scalar(0.5)` twice is one value. */
const SHARED_CONSTANT_BYTES = 1024;

/** Starts an empty graph. */
export function createGraphBuilder(name: string): GraphBuilder {
  const inputs: GraphValue[] = [];
  const outputs: GraphValue[] = [];
  const nodes: GraphNode[] = [];
  const constants = new Map<string, Tensor>();
  const state = new Map<string, StateEntry>();
  const shared = new Map<string, string>();
  const defined = new Set<string>();
  let counter = 0;

  const define = (value: string): string => {
    if (defined.has(value)) throw new OnebasinError("bad-argument", `Graph "${name}" defines "${value}" twice.`);
    defined.add(value);
    return value;
  };
  const fresh = (hint: string): string => {
    for (;;) {
      const candidate = `${hint}_${counter++}`;
      if (!defined.has(candidate)) return candidate;
    }
  };
  const addNodes: GraphBuilder["nodes"] = (op, from, outputCount, attributes = {}, options = {}) => {
    const made = options.outputs ?? Array.from({ length: outputCount }, () => fresh(op));
    for (const value of made) if (value !== "") define(value);
    const domain = options.domain === undefined ? {} : { domain: options.domain };
    nodes.push({ op, ...domain, name: `${op}_${nodes.length}`, inputs: [...from], outputs: [...made], attributes });
    return [...made];
  };
  const constant = (tensor: Tensor): string => {
    const small = tensor.bytes.length <= SHARED_CONSTANT_BYTES;
    const id = small ? `${tensor.dtype} ${tensor.shape.join("x")} ${tensor.bytes.join(",")}` : "";
    const known = small ? shared.get(id) : undefined;
    if (known !== undefined) return known;
    const value = define(fresh("constant"));
    constants.set(value, tensor);
    if (small) shared.set(id, value);
    return value;
  };

  return {
    fresh,
    constant,
    nodes: addNodes,
    node: (op, from, attributes, options) => addNodes(op, from, 1, attributes, options)[0],
    ints: (...values) => constant(createTensor("i64", [values.length], values)),
    floats: (...values) => constant(createTensor("f32", [values.length], values)),
    scalar: (value) => constant(createTensor("f32", [], [value])),
    input(value, dtype, shape) {
      inputs.push({ name: define(value), dtype, shape: [...shape] });
      return value;
    },
    state(key, entry) {
      state.set(define(key), entry);
      return key;
    },
    output(value, dtype, { as = value, shape } = {}) {
      if (as !== value) addNodes("Identity", [value], 1, {}, { outputs: [as] });
      outputs.push({ name: as, dtype, ...(shape === undefined ? {} : { shape: [...shape] }) });
    },
    build() {
      const graph: Network = { name, inputs, outputs, nodes, constants, state };
      checkOrder(graph);
      return graph;
    },
  };
}

/**
 * Checks that every value is made before it is read.
 *
 * @throws `bad-argument`, naming the node and the value
 */
export function checkOrder(graph: Graph & { readonly state?: Network["state"] }): void {
  const known = new Set<string>([
    "",
    ...graph.inputs.map((input) => input.name),
    ...graph.constants.keys(),
    ...(graph.state?.keys() ?? []),
  ]);
  const missing = (reader: string, value: string): OnebasinError =>
    new OnebasinError(
      "bad-argument",
      `Graph "${graph.name}": ${reader} reads "${value}", which nothing before it makes.`,
      {
        details: { graph: graph.name, value },
      },
    );
  for (const node of graph.nodes) {
    for (const value of node.inputs) if (!known.has(value)) throw missing(`node "${node.name}" (${node.op})`, value);
    for (const value of node.outputs) known.add(value);
  }
  for (const output of graph.outputs) if (!known.has(output.name)) throw missing("an output", output.name);
}
