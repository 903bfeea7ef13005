import type { Network } from "./graph.js";
import type { GraphBuilder } from "./graph-builder.js";
import type { NetworkShapes } from "./infer-shapes.js";
import type { Layout } from "./layout.js";
import { operatorUnit } from "./operator-unit.js";
import type { TrainingServices, Unit, UnitContext } from "./unit.js";

export interface DifferentiateOptions extends TrainingServices {
  readonly shapes: NetworkShapes;
  /** Where the network's inputs and the entries of its state are found in the graph. */
  readonly values: ReadonlyMap<string, string>;
  /** Values to differentiate by: keys of the state, inputs. */
  readonly by: Iterable<string>;
  /** Gives the gradient of the loss with respect to outputs of the network; may add nodes. */
  readonly outputGradients: (emittedOf: (output: string) => string) => ReadonlyMap<string, string>;
}

/**
 * Adds a network, as it runs in training, and its gradients to a graph: reverse mode, one walk forwards and one
 * backwards. Several networks, or one several times, may share a graph.
 *
 * @returns gradients by name of value; a value that the loss does not depend on has none
 * @throws `unsupported` when an operator on the way has no gradient, naming node and operator
 */
export function differentiate(
  build: GraphBuilder,
  network: Network,
  options: DifferentiateOptions,
): ReadonlyMap<string, string> {
  const units = network.nodes.map((node) => operatorUnit(node, options.shapes));
  const wanted = wantedValues(units, options.by);
  const values = new Map(options.values);
  for (const [name, tensor] of network.constants) values.set(name, build.constant(tensor));
  const gradients = new Map<string, string>();

  const emittedOf = (name: string): string => values.get(name)!;
  const context: UnitContext = {
    build,
    updateState: options.updateState,
    dropoutMask: options.dropoutMask,
    read: (name, _layout: Layout = "plain") => emittedOf(name),
    write: (name, emitted) => values.set(name, emitted),
    wants: (name) => wanted.has(name),
    gradientOf: (name) => gradients.get(name),
    addGradient(name, gradient) {
      if (!wanted.has(name)) return;
      const sofar = gradients.get(name);
      gradients.set(name, sofar === undefined ? gradient : build.node("Add", [sofar, gradient]));
    },
  };
  for (const unit of units) unit.forward(context);
  for (const [name, gradient] of options.outputGradients(emittedOf)) gradients.set(name, gradient);
  for (const unit of [...units].reverse()) {
    const reached = unit.outputs.some((name) => gradients.has(name));
    if (reached && unit.inputs.some((name) => wanted.has(name))) unit.backward(context);
  }
  return gradients;
}

/** Every value that depends on those to differentiate by. */
function wantedValues(units: readonly Unit[], by: Iterable<string>): ReadonlySet<string> {
  const wanted = new Set(by);
  for (const unit of units) {
    if (unit.inputs.some((name) => wanted.has(name))) for (const name of unit.outputs) wanted.add(name);
  }
  return wanted;
}
