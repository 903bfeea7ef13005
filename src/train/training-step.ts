import { OnebasinError } from "../core/errors.js";
import type { Params, ParamValues } from "../core/params.js";
import { differentiate } from "../network/differentiate.js";
import type { Graph, Network } from "../network/graph.js";
import { createGraphBuilder, type GraphBuilder } from "../network/graph-builder.js";
import { inferShapes } from "../network/infer-shapes.js";
import type { Shape } from "../tensor/shape.js";
import { emitCrossEntropy } from "./cross-entropy.js";
import type { Optimizer } from "./optimizer.js";

/** A network within a training step. */
export interface StepPart {
  readonly network: Network;
  /** Begins the names of everything of this part, so that several fit into one step; default none. */
  readonly prefix?: string;
  /**
   * Names the variable behind an entry of the state; default prefix and key. Parts that give the same name share
   * it: its gradients add up, and a shared buffer is updated by one part after the other.
   */
  readonly variableOf?: (key: string) => string;
}

export interface TrainingStepOptions {
  /** Images per part and step. */
  readonly batch: number;
  readonly optimizer: Optimizer;
  readonly values: ParamValues<Params>;
  /** In [0, 1); default 0. */
  readonly labelSmoothing?: number;
  /**
   * Adds nodes after the optimizer: gets the new value of every parameter by variable, and gives those that it
   * changes. May declare inputs of its own, which are then fed by name with each step.
   */
  readonly adjust?: (build: GraphBuilder, parameters: ReadonlyMap<string, string>) => ReadonlyMap<string, string>;
}

/** A tensor that a step reads and replaces. */
export interface StepVariable {
  /** Name of the input. */
  readonly input: string;
  /** Name of the output that holds it after the step. */
  readonly output: string;
  readonly shape: Shape;
  /** The first part that has it, and its key there. */
  readonly part: number;
  readonly key: string;
  /** Given when it belongs to the optimizer: which of its tensors. */
  readonly slot?: string;
}

/** A mask that is drawn before each step. */
export interface StepMask {
  readonly input: string;
  readonly shape: Shape;
  readonly ratio: number;
}

/** Forward, loss, gradients and optimizer as one graph. */
export interface TrainingStep {
  readonly graph: Graph;
  readonly parts: readonly Required<StepPart>[];
  readonly batch: number;
  readonly optimizer: Optimizer;
  readonly values: ParamValues<Params>;
  readonly variables: readonly StepVariable[];
  readonly masks: readonly StepMask[];
}

/** Names of what a part is fed and gives, after its prefix. */
export const STEP_NAMES = { images: "@images", labels: "@labels", loss: "@loss", correct: "@correct" } as const;
/** Name of the input of an optimizer's number. */
export const scalarInput = (name: string): string => `@${name}`;

/**
 * Builds the graph of a whole training step of one network, or of several that are trained at once. The loss is the
 * sum of the parts' cross-entropies.
 *
 * @throws `unsupported` when an operator has no gradient
 */
export function buildTrainingStep(given: readonly StepPart[], options: TrainingStepOptions): TrainingStep {
  const { batch, optimizer, values, labelSmoothing, adjust } = options;
  const parts = given.map(({ network, prefix = "", variableOf = (key) => prefix + key }) => ({
    network,
    prefix,
    variableOf,
  }));
  const build = createGraphBuilder("training step");
  const variables: StepVariable[] = [];
  const masks: StepMask[] = [];
  /** By variable: the value at the step's begin, and what buffers were changed to. */
  const current = new Map<string, string>();
  const gradients = new Map<string, string>();
  const parameters: { readonly variable: string; readonly part: number; readonly key: string }[] = [];

  for (const [index, { network, prefix, variableOf }] of parts.entries()) {
    const bound = new Map<string, string>();
    const trained: string[] = [];
    for (const [key, { dtype, shape, kind }] of network.state) {
      if (dtype !== "f32") continue;
      const variable = variableOf(key);
      if (!current.has(variable)) {
        current.set(variable, build.input(variable, dtype, shape));
        variables.push({ input: variable, output: next(variable), shape, part: index, key });
        if (kind === "parameter") parameters.push({ variable, part: index, key });
      }
      bound.set(key, current.get(variable)!);
      if (kind === "parameter") trained.push(key);
    }
    const shapes = inferShapes(network, { sizes: { n: batch } });
    const [input] = network.inputs;
    const [output] = network.outputs;
    bound.set(input.name, build.input(prefix + STEP_NAMES.images, "f32", shapes.shapes.get(input.name)!));
    const labels = build.input(prefix + STEP_NAMES.labels, "i64", [batch]);
    const found = differentiate(build, network, {
      shapes,
      values: bound,
      by: trained,
      updateState: (key, value) => current.set(variableOf(key), value),
      dropoutMask(shape, ratio) {
        const mask = build.input(`${prefix}@mask${masks.length}`, "f32", shape);
        masks.push({ input: mask, shape, ratio });
        return mask;
      },
      outputGradients(emittedOf) {
        const shape = logitsShape(network, shapes.shapes.get(output.name)!, batch);
        const { loss, correct, gradient } = emitCrossEntropy(build, emittedOf(output.name), {
          labels,
          shape,
          labelSmoothing,
        });
        build.output(loss, "f32", { as: prefix + STEP_NAMES.loss });
        build.output(correct, "f32", { as: prefix + STEP_NAMES.correct });
        return new Map([[output.name, gradient]]);
      },
    });
    for (const key of trained) {
      const gradient = found.get(key);
      if (gradient === undefined) continue;
      const sofar = gradients.get(variableOf(key));
      gradients.set(variableOf(key), sofar === undefined ? gradient : build.node("Add", [sofar, gradient]));
    }
  }

  const scalarNames = Object.keys(optimizer.scalars(values, { rate: 1, step: 1 }));
  const scalars = Object.fromEntries(scalarNames.map((name) => [name, build.input(scalarInput(name), "f32", [1])]));
  const changed = new Map<string, string>();
  for (const { variable, part, key } of parameters) {
    const gradient = gradients.get(variable);
    const parameter = current.get(variable)!;
    if (gradient === undefined) continue;
    const { shape } = parts[part].network.state.get(key)!;
    const slots: Record<string, string> = {};
    for (const slot of optimizer.slots(values)) {
      const name = `${variable}@${slot}`;
      slots[slot] = build.input(name, "f32", shape);
      variables.push({ input: name, output: next(name), shape, part, key, slot });
    }
    const result = optimizer.emit({ build, values, parameter, gradient, slots, scalars });
    changed.set(variable, result.parameter);
    for (const [slot, value] of Object.entries(result.slots)) current.set(`${variable}@${slot}`, value);
  }
  for (const [variable, value] of adjust?.(build, changed) ?? []) changed.set(variable, value);
  for (const [variable, value] of changed) current.set(variable, value);
  for (const { input, output } of variables) build.output(current.get(input) ?? input, "f32", { as: output });
  return { graph: build.build(), parts, batch, optimizer, values, variables, masks };
}

const next = (variable: string): string => `${variable}@next`;

function logitsShape(network: Network, shape: Shape, batch: number): readonly [number, number] {
  if (shape.length === 2 && shape[0] === batch) return [batch, shape[1]];
  throw new OnebasinError(
    "unsupported",
    `${network.name} gives [${shape.join(", ")}] for ${batch} images; training needs logits [n, classes].`,
  );
}
