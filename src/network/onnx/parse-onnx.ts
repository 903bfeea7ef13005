import { fromBinary } from "@bufbuild/protobuf";
import { type GraphProto, type ModelProto, ModelProtoSchema, type ValueInfoProto } from "onnx-buf";
import { OnebasinError } from "../../core/errors.js";
import type { StateDict, Tensor } from "../../tensor/tensor.js";
import type { GraphNode, GraphValue, Network, StateEntry } from "../graph.js";
import { checkOrder } from "../graph-builder.js";
import { inferShapes } from "../infer-shapes.js";
import { classifyInitializer, type Reader } from "./classify-initializer.js";
import { dtypeOfOnnx } from "./data-types.js";
import { constantValue, moderniseNode } from "./modernise-node.js";
import { parseNode } from "./parse-node.js";
import { parseTensor } from "./parse-tensor.js";

/** Operator sets whose operators mean what today's do, but for what `moderniseNode` rewrites. */
const OLDEST_OPSET = 13;
const NEWEST_OPSET = 24;
/** The largest published vision networks have a few thousand. */
const MAX_NODES = 100_000;
/** Name of the first axis, whatever the file calls it. */
const BATCH = "n";

export interface ParsedOnnx {
  readonly network: Network;
  /** What the file stores for the network's state. Tensors are views of `bytes` where possible. */
  readonly state: StateDict;
}

/**
 * Reads an ONNX model as a network and its state. The first axis of its input becomes the batch, also where the file
 * fixes it.
 *
 * @param source what the file is called in messages
 * @throws `bad-file` for what is not an ONNX model, `unsupported` for operators, operator sets and data that onebasin
 * does not have, `limit` for more than 100,000 nodes
 */
export function parseOnnx(bytes: Uint8Array, { source }: { readonly source: string }): ParsedOnnx {
  const model = decode(bytes, source);
  const graph = model.graph;
  if (graph === undefined || graph.node.length === 0) throw notOnnx(source, "it holds no graph");
  if (graph.node.length > MAX_NODES) {
    throw new OnebasinError("limit", `${source} has ${graph.node.length} nodes; at most ${MAX_NODES} are read.`);
  }
  if (graph.sparseInitializer.length > 0) {
    throw new OnebasinError("unsupported", `${source} stores sparse tensors, which onebasin does not read.`);
  }
  const opset = opsetOf(model, source);

  const stored = new Map(graph.initializer.map((proto) => [proto.name, parseTensor(source, proto)]));
  const constants = new Map<string, Tensor>();
  const nodes: GraphNode[] = [];
  for (const [index, proto] of graph.node.entries()) {
    const node = moderniseNode(parseNode(source, proto, index), opset, (name, tensor) => {
      constants.set(name, tensor);
      return name;
    });
    const value = node.op === "Constant" ? constantValue(node) : undefined;
    if (value === undefined) nodes.push(node);
    else constants.set(node.outputs[0], value);
  }

  const state = new Map<string, StateEntry>();
  const tensors = new Map<string, Tensor>();
  const readers = readersOf(nodes);
  for (const [name, tensor] of stored) {
    const entry = classifyInitializer(tensor, readers.get(name) ?? [], (other) => stored.get(other)?.shape);
    if (entry === undefined) constants.set(name, tensor);
    else {
      state.set(name, entry);
      tensors.set(name, tensor);
    }
  }
  const network: Network = {
    name: graph.name || "onnx",
    ...inputsAndOutputs(graph, stored, source),
    nodes,
    constants,
    state,
  };
  checkRunnable(network, source);
  return { network, state: tensors };
}

function decode(bytes: Uint8Array, source: string): ModelProto {
  try {
    return fromBinary(ModelProtoSchema, bytes);
  } catch (cause) {
    throw notOnnx(source, cause instanceof Error ? cause.message : String(cause));
  }
}

const notOnnx = (source: string, why: string): OnebasinError =>
  new OnebasinError("bad-file", `${source} is not an ONNX model: ${why}.`);

function opsetOf(model: ModelProto, source: string): number {
  const own = model.opsetImport.find(({ domain }) => domain === "" || domain === "ai.onnx");
  const version = Number(own?.version ?? 0n);
  if (version >= OLDEST_OPSET && version <= NEWEST_OPSET) return version;
  throw new OnebasinError(
    "unsupported",
    `${source} is written in operator set ${version}; onebasin reads ${OLDEST_OPSET} to ${NEWEST_OPSET}.`,
    { hint: "Export it again with opset_version=20, or convert it with onnx.version_converter." },
  );
}

function readersOf(nodes: readonly GraphNode[]): Map<string, Reader[]> {
  const readers = new Map<string, Reader[]>();
  for (const node of nodes) {
    for (const [index, name] of node.inputs.entries()) {
      const known = readers.get(name);
      if (known === undefined) readers.set(name, [{ node, index }]);
      else known.push({ node, index });
    }
  }
  return readers;
}

function inputsAndOutputs(graph: GraphProto, stored: ReadonlyMap<string, Tensor>, source: string) {
  // Old files list initialisers among the inputs.
  const inputs = graph.input.filter(({ name }) => !stored.has(name));
  if (inputs.length !== 1 || graph.output.length === 0) {
    throw new OnebasinError(
      "unsupported",
      `${source} has ${inputs.length} inputs and ${graph.output.length} outputs; a network takes one input and gives at least one output.`,
    );
  }
  return {
    inputs: inputs.map((proto) => valueInfo(proto, source)),
    outputs: graph.output.map(({ name, type }) => {
      const elementType = type?.value.case === "tensorType" ? type.value.value.elemType : 0;
      return { name, dtype: dtypeOfOnnx(elementType) ?? "f32" } as const;
    }),
  };
}

function valueInfo({ name, type }: ValueInfoProto, source: string): GraphValue {
  const tensor = type?.value.case === "tensorType" ? type.value.value : undefined;
  const dtype = dtypeOfOnnx(tensor?.elemType ?? 0);
  const dims = tensor?.shape?.dim.map(({ value }, axis) => {
    if (axis === 0) return BATCH;
    return value.case === "dimValue" ? Number(value.value) : value.case === "dimParam" ? value.value : "";
  });
  if (dtype === "f32" && dims !== undefined && dims.length >= 2) return { name, dtype, shape: dims };
  throw new OnebasinError("unsupported", `${source}: the input "${name}" is not an f32 tensor of known rank.`);
}

/** Checks that nodes come in order, and that every shape fits for some number of images. */
function checkRunnable(network: Network, source: string): void {
  try {
    checkOrder(network);
    const batch = 2;
    const { shapes } = inferShapes(network, { sizes: { [BATCH]: batch } });
    const [output] = network.outputs;
    const found = shapes.get(output.name);
    if (found !== undefined && found[0] !== batch) {
      throw new OnebasinError(
        "unsupported",
        `The output "${output.name}" is [${found.join(", ")}] for ${batch} images: the number of images is fixed.`,
        { hint: "Export it with a dynamic first axis (dynamic_axes or dynamic_shapes)." },
      );
    }
  } catch (error) {
    if (!(error instanceof OnebasinError)) throw error;
    const code = error.code === "bad-argument" ? "bad-file" : error.code;
    throw new OnebasinError(code, `${source}: ${error.message}`, { hint: error.hint, details: error.details });
  }
}
