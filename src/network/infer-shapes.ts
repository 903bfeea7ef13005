import { OnebasinError } from "../core/errors.js";
import { elementCount, type Shape } from "../tensor/shape.js";
import { type Tensor, tensorNumbers } from "../tensor/tensor.js";
import { badShapes } from "./attributes.js";
import { findOperator } from "./find-operator.js";
import type { Dim, GraphNode, Network } from "./graph.js";
import type { NodeFacts } from "./operator.js";

export interface InferOptions {
  /** What the named sizes of the inputs are: `{ n: 64 }`. */
  readonly sizes?: Readonly<Record<string, number>>;
}

/** Facts of every node of a network whose sizes are all known. */
export interface NetworkShapes {
  /** By value. */
  readonly shapes: ReadonlyMap<string, Shape>;
  readonly factsOf: (node: GraphNode) => NodeFacts & { readonly outputShapes: readonly Shape[] };
}

/** Values larger than this are no network's, but a mistake or a trap in a file: 2⁴⁰ elements are 4 TiB. */
const MAX_ELEMENTS = 2 ** 40;

/**
 * The shape of every value of a network.
 *
 * @throws `unsupported` for an operator without rules, `bad-argument` when shapes do not fit, naming the node
 */
export function inferShapes(network: Network, { sizes = {} }: InferOptions = {}): NetworkShapes {
  const shapes = new Map<string, Shape>();
  for (const input of network.inputs) {
    shapes.set(
      input.name,
      (input.shape ?? []).map((dim) => knownSize(network, input.name, dim, sizes)),
    );
  }
  for (const [key, entry] of network.state) shapes.set(key, entry.shape);
  for (const [name, tensor] of network.constants) shapes.set(name, tensor.shape);

  const constants = constantsOf(network);
  const inputFacts = (node: GraphNode): NodeFacts => ({
    node,
    inputShapes: node.inputs.map((name) => shapes.get(name) ?? []),
    constantInput: (index) => {
      const tensor = constants.get(node.inputs[index]);
      if (tensor !== undefined) return [...tensorNumbers(tensor)];
      throw new OnebasinError(
        "unsupported",
        `Node "${node.name}" (${node.op}): input ${index} must be a constant; "${node.inputs[index]}" is computed.`,
      );
    },
  });
  for (const node of network.nodes) {
    const operator = findOperator(node);
    const { min, max } = operator.inputs;
    const given = node.inputs.length;
    const facts = inputFacts(node);
    if (given < min || given > max || node.inputs.slice(0, min).includes("")) {
      throw badShapes(node, facts.inputShapes, `${node.op} takes ${min === max ? min : `${min} to ${max}`} inputs`);
    }
    const outputShapes = operator.shape(facts);
    for (const [index, name] of node.outputs.entries()) {
      if (name === "") continue;
      const shape = outputShapes[index];
      if (shape === undefined) throw badShapes(node, facts.inputShapes, `output ${index} ("${name}") is not supported`);
      if (elementCount(shape) > MAX_ELEMENTS) throw badShapes(node, facts.inputShapes, "the result is too large");
      shapes.set(name, shape);
    }
  }
  return {
    shapes,
    factsOf: (node) => ({ ...inputFacts(node), outputShapes: node.outputs.map((name) => shapes.get(name) ?? []) }),
  };
}

/** Constants of the graph and values of `Constant` nodes. */
function constantsOf(network: Network): Map<string, Tensor> {
  const constants = new Map(network.constants);
  for (const { op, outputs, attributes } of network.nodes) {
    if (op === "Constant" && attributes.value !== undefined && "tensor" in attributes.value) {
      constants.set(outputs[0], attributes.value.tensor);
    }
  }
  return constants;
}

function knownSize(network: Network, input: string, dim: Dim, sizes: Readonly<Record<string, number>>): number {
  const size = typeof dim === "number" ? dim : sizes[dim];
  if (size !== undefined && Number.isInteger(size) && size >= 0) return size;
  throw new OnebasinError(
    "bad-argument",
    `Network "${network.name}": the size "${dim}" of its input "${input}" is ${size}.`,
    {
      hint: `Give it as sizes: { ${dim}: 64 }.`,
    },
  );
}
