import { OnebasinError } from "../core/errors.js";
import { findOperator } from "./find-operator.js";
import type { GraphNode, Network } from "./graph.js";
import type { GraphBuilder } from "./graph-builder.js";
import type { NetworkShapes } from "./infer-shapes.js";
import type { TrainingContext, TrainingOutputs } from "./operator.js";

/** A network's nodes as they were added to another graph, with what its gradients will need. */
export interface EmittedNetwork {
  readonly network: Network;
  readonly shapes: NetworkShapes;
  /** Name in the graph of each of the network's values. */
  readonly values: ReadonlyMap<string, string>;
  readonly saved: ReadonlyMap<GraphNode, TrainingOutputs["saved"]>;
}

export interface EmitOptions extends Pick<TrainingContext, "dropoutMask" | "updateState"> {
  readonly shapes: NetworkShapes;
  /** Where the network's inputs and the entries of its state come from. */
  readonly values: ReadonlyMap<string, string>;
}

/** Adds a network, as it runs in training, to a graph. Several networks, or one several times, may share a graph. */
export function emitNetwork(build: GraphBuilder, network: Network, options: EmitOptions): EmittedNetwork {
  const values = new Map(options.values);
  values.set("", "");
  const saved = new Map<GraphNode, TrainingOutputs["saved"]>();
  for (const [name, tensor] of network.constants) values.set(name, build.constant(tensor));
  for (const node of network.nodes) {
    const operator = findOperator(node);
    const context: TrainingContext = {
      ...options.shapes.factsOf(node),
      build,
      inputs: node.inputs.map((name) => values.get(name)!),
      updateState: options.updateState,
      dropoutMask: options.dropoutMask,
    };
    const made: TrainingOutputs = operator.training?.(context) ?? {
      outputs: build.nodes(node.op, context.inputs, node.outputs.length, node.attributes),
    };
    for (const [index, name] of node.outputs.entries()) values.set(name, made.outputs[index]);
    saved.set(node, made.saved);
  }
  return { network, shapes: options.shapes, values, saved };
}

export interface GradientOptions {
  /** Gradient of the loss with respect to values of the network (its outputs), by their names in the network. */
  readonly from: ReadonlyMap<string, string>;
  /** Values to differentiate by: keys of the state, inputs. */
  readonly by: Iterable<string>;
}

/**
 * Reverse-mode differentiation: adds nodes that compute the gradients, walking the network backwards once.
 *
 * @returns gradient by name of value; a value that the loss does not depend on has none
 * @throws `unsupported` when an operator on the way has no gradient, naming node and operator
 */
export function emitGradients(
  build: GraphBuilder,
  emitted: EmittedNetwork,
  { from, by }: GradientOptions,
): Map<string, string> {
  const { network, shapes, values, saved } = emitted;
  const wanted = new Set(by);
  for (const node of network.nodes) {
    if (node.inputs.some((name) => wanted.has(name))) for (const name of node.outputs) wanted.add(name);
  }
  const gradients = new Map(from);
  for (const node of [...network.nodes].reverse()) {
    const outputGradients = node.outputs.map((name) => gradients.get(name));
    if (outputGradients.every((name) => name === undefined)) continue;
    if (!node.inputs.some((name) => wanted.has(name))) continue;
    const operator = findOperator(node);
    if (operator.gradient === undefined) {
      throw new OnebasinError("unsupported", `The operator ${node.op} (node "${node.name}") has no gradient.`, {
        details: { node: node.name, op: node.op },
      });
    }
    const inputGradients = operator.gradient({
      ...shapes.factsOf(node),
      build,
      inputs: node.inputs.map((name) => values.get(name)!),
      outputs: node.outputs.map((name) => values.get(name)!),
      saved: saved.get(node) ?? {},
      outputGradients,
      wants: (index) => wanted.has(node.inputs[index]),
    });
    for (const [index, gradient] of inputGradients.entries()) {
      const name = node.inputs[index];
      if (gradient === undefined || !wanted.has(name)) continue;
      const sofar = gradients.get(name);
      gradients.set(name, sofar === undefined ? gradient : build.node("Add", [sofar, gradient]));
    }
  }
  return gradients;
}
