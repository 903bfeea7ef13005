import type { Network } from "./graph.js";
import type { GraphBuilder } from "./graph-builder.js";
import type { NetworkShapes } from "./infer-shapes.js";
import { convertLayout, type Layout, sameLayout } from "./layout.js";
import type { TrainingServices, Unit, UnitContext } from "./unit.js";

export interface DifferentiateOptions extends TrainingServices {
  readonly shapes: NetworkShapes;
  /** In an order in which they can run; from `planUnits`. */
  readonly units: readonly Unit[];
  /** Where the network's inputs and the entries of its state are found in the graph. */
  readonly values: ReadonlyMap<string, string>;
  /** Values to differentiate by: keys of the state, inputs. */
  readonly by: Iterable<string>;
  /** Gives the gradient of the loss with respect to outputs of the network; may add nodes. */
  readonly outputGradients: (emittedOf: (output: string) => string) => ReadonlyMap<string, string>;
}

/** Where a value is found in the graph. */
interface Emitted {
  readonly name: string;
  readonly layout: Layout;
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
  const { units } = options;
  const wanted = wantedValues(units, options.by);
  /** The first is where the value was written; the others are it in other layouts. */
  const values = new Map<string, Emitted[]>();
  const write = (value: string, name: string, layout: Layout = "plain"): void => {
    values.set(value, [{ name, layout }]);
  };
  for (const [value, name] of options.values) write(value, name);
  for (const [value, tensor] of network.constants) write(value, build.constant(tensor));
  const gradients = new Map<string, Emitted>();
  const convert = (value: string, { name, layout }: Emitted, to: Layout): string =>
    convertLayout(build, name, { from: layout, to, shape: options.shapes.shapes.get(value) ?? [] });

  const context: UnitContext = {
    build,
    write,
    updateRunning: options.updateRunning,
    dropoutMask: options.dropoutMask,
    read(value, layout = "plain") {
      const known = values.get(value)!;
      const found = known.find((it) => sameLayout(it.layout, layout));
      if (found !== undefined) return found.name;
      const name = convert(value, known[0], layout);
      known.push({ name, layout });
      return name;
    },
    wants: (value) => wanted.has(value),
    gradientOf(value, layout = "plain") {
      const gradient = gradients.get(value);
      return gradient && convert(value, gradient, layout);
    },
    addGradient(value, name, layout = "plain") {
      if (!wanted.has(value)) return;
      const sofar = gradients.get(value);
      if (sofar === undefined) gradients.set(value, { name, layout });
      else {
        const sum = build.node("Add", [sofar.name, convert(value, { name, layout }, sofar.layout)]);
        gradients.set(value, { name: sum, layout: sofar.layout });
      }
    },
  };
  for (const unit of units) unit.forward(context);
  for (const [value, name] of options.outputGradients((output) => context.read(output))) {
    gradients.set(value, { name, layout: "plain" });
  }
  for (const unit of [...units].reverse()) {
    const reached = unit.outputs.some((name) => gradients.has(name));
    if (reached && unit.inputs.some((name) => wanted.has(name))) unit.backward(context);
  }
  return new Map([...gradients].map(([value, { name }]) => [value, name]));
}

/** Every value that depends on those to differentiate by. */
function wantedValues(units: readonly Unit[], by: Iterable<string>): ReadonlySet<string> {
  const wanted = new Set(by);
  for (const unit of units) {
    if (unit.inputs.some((name) => wanted.has(name))) for (const name of unit.outputs) wanted.add(name);
  }
  return wanted;
}
