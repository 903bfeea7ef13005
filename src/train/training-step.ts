import { OnebasinError } from "../core/errors.js";
import type { Params, ParamValues } from "../core/params.js";
import { emitCrossEntropy } from "../network/cross-entropy.js";
import { differentiate } from "../network/differentiate.js";
import type { Graph, Network } from "../network/graph.js";
import { createGraphBuilder, type GraphBuilder } from "../network/graph-builder.js";
import { inferShapes } from "../network/infer-shapes.js";
import { planUnits, type UnitPlan } from "../network/plan-units.js";
import { plainLayout } from "../network/state-layout.js";
import { elementCount, type Shape, sameShape } from "../tensor/shape.js";
import type { Optimizer } from "./optimizer.js";
import { type RunningUpdate, updatedBuffers } from "./running-buffers.js";
import {
  groupVariables,
  joinMembers,
  nextName,
  type StateVariable,
  type StepVariable,
  splitMembers,
} from "./step-variables.js";

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

/** A tensor of parameters, and its value after the optimizer. */
export interface Updated {
  readonly variable: StepVariable;
  readonly value: string;
}

export interface TrainingStepOptions {
  /** Images per part and step. */
  readonly batch: number;
  readonly optimizer: Optimizer;
  readonly values: ParamValues<Params>;
  /** In [0, 1); default 0. */
  readonly labelSmoothing?: number;
  /** Channels in a block of the runtime's blocked operators, from `findChannelBlock`; absent to do without them. */
  readonly block?: number;
  /**
   * Adds nodes after the optimizer: gets every tensor of parameters with its new value, and gives other values for
   * some, by the name of their input. Parts of one architecture store their parameters alike, if not as state dicts do:
   * in another order, and filled up with zeros that must stay. May declare inputs of its own, which are then fed by
   * name with each step.
   */
  readonly adjust?: (build: GraphBuilder, parameters: readonly Updated[]) => ReadonlyMap<string, string>;
}

/** A mask that is drawn before each step. */
export interface StepMask {
  readonly input: string;
  /** Whose it is. */
  readonly part: number;
  /** Tells it from other masks of the part: the same whether or not other parts are trained along. */
  readonly name: string;
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
  const shapes = parts.map(({ network }) => inferShapes(network, { sizes: { n: batch } }));
  const plans = planParts(parts, (index, block) => planUnits(parts[index].network, shapes[index], { block }), options);
  const groups = groupVariables(stateVariables(parts, plans));
  /** What each variable holds at the step's begin, as units read it. */
  const views = new Map<string, string>();
  for (const group of groups) {
    const input = build.input(group.input, "f32", group.shape);
    for (const [name, view] of splitMembers(build, group, input)) views.set(name, view);
  }

  const gradients = new Map<string, string>();
  const running = new Map<string, RunningUpdate[]>();
  const masks: StepMask[] = [];
  for (const [index, { network, prefix, variableOf }] of parts.entries()) {
    const found = differentiatePart(index);
    for (const [key, { kind }] of network.state) {
      const gradient = kind === "parameter" ? found.get(key) : undefined;
      if (gradient === undefined) continue;
      const sofar = gradients.get(variableOf(key));
      gradients.set(variableOf(key), sofar === undefined ? gradient : build.node("Add", [sofar, gradient]));
    }

    function differentiatePart(part: number): ReadonlyMap<string, string> {
      const [input] = network.inputs;
      const [output] = network.outputs;
      const images = build.input(prefix + STEP_NAMES.images, "f32", shapes[part].shapes.get(input.name)!);
      const labels = build.input(prefix + STEP_NAMES.labels, "i64", [batch]);
      const bound = [...network.state.keys()].flatMap((key): [string, string][] => {
        const view = views.get(variableOf(key));
        return view === undefined ? [] : [[key, view]];
      });
      return differentiate(build, network, {
        shapes: shapes[part],
        units: plans[part].units,
        values: new Map([...bound, [input.name, images]]),
        by: [...network.state].flatMap(([key, { kind }]) => (kind === "parameter" ? [key] : [])),
        updateRunning(key, now, share) {
          const name = variableOf(key);
          running.set(name, [...(running.get(name) ?? []), { now, share }]);
        },
        dropoutMask(shape, ratio) {
          const name = `@mask${masks.filter((it) => it.part === part).length}`;
          const mask = build.input(prefix + name, "f32", shape);
          masks.push({ input: mask, part, name, shape, ratio });
          return mask;
        },
        outputGradients(emittedOf) {
          const shape = logitsShape(network, shapes[part].shapes.get(output.name)!, batch);
          const scored = emitCrossEntropy(build, emittedOf(output.name), { labels, shape, labelSmoothing });
          build.output(scored.loss, "f32", { as: prefix + STEP_NAMES.loss });
          build.output(scored.correct, "f32", { as: prefix + STEP_NAMES.correct });
          return new Map([[output.name, scored.gradient]]);
        },
      });
    }
  }

  const scalarNames = Object.keys(optimizer.scalars(values, { rate: 1, step: 1 }));
  const scalars = Object.fromEntries(scalarNames.map((name) => [name, build.input(scalarInput(name), "f32", [1])]));
  const variables: StepVariable[] = [...groups];
  const next = new Map<string, string>();
  const updated: Updated[] = [];
  for (const group of groups) {
    if (group.kind === "buffer") {
      next.set(group.input, updatedBuffers(build, group, { views, running }));
      continue;
    }
    const parameterGradients = group.members.map(
      ({ name }) => gradients.get(name) ?? zerosLike(build, views.get(name)!),
    );
    const slots: Record<string, string> = {};
    for (const slot of optimizer.slots(values)) {
      const name = `${group.input}@${slot}`;
      slots[slot] = build.input(name, "f32", group.shape);
      variables.push({ ...group, input: name, output: nextName(name), slot });
    }
    const gradient = joinMembers(build, parameterGradients);
    const result = optimizer.emit({ build, values, parameter: group.input, gradient, slots, scalars });
    updated.push({ variable: group, value: result.parameter });
    next.set(group.input, result.parameter);
    for (const [slot, value] of Object.entries(result.slots)) next.set(`${group.input}@${slot}`, value);
  }
  for (const [input, value] of adjust?.(build, updated) ?? []) next.set(input, value);
  const finished = variables.map((variable) => ({
    ...variable,
    output: giveOut(build, variable, { next, variables }),
  }));
  return { graph: build.build(), parts, batch, optimizer, values, variables: finished, masks };
}

/** Makes an output of what a variable holds after the step; under its own name, since another would cost a copy. */
function giveOut(
  build: GraphBuilder,
  { input, output }: StepVariable,
  { next, variables }: { readonly next: ReadonlyMap<string, string>; readonly variables: readonly StepVariable[] },
): string {
  const value = next.get(input)!;
  const users = variables.filter((it) => it.input === value || next.get(it.input) === value);
  const name = users.length === 1 && users[0].input !== value ? value : output;
  build.output(value, "f32", { as: name });
  return name;
}

/** Plans every part; entries that parts share must be stored alike, or else everything is stored plainly. */
function planParts(
  parts: readonly Required<StepPart>[],
  plan: (index: number, block: number | undefined) => UnitPlan,
  { block }: TrainingStepOptions,
): readonly UnitPlan[] {
  const plans = parts.map((_, index) => plan(index, block));
  const layouts = new Map<string, string>();
  for (const [index, { network, variableOf }] of parts.entries()) {
    for (const key of network.state.keys()) {
      const id = plans[index].stateLayouts.get(key)?.id ?? "";
      const known = layouts.get(variableOf(key)) ?? id;
      if (known !== id) return parts.map((_, it) => plan(it, undefined));
      layouts.set(variableOf(key), known);
    }
  }
  return plans;
}

/** Every f32 entry that some node reads. */
function stateVariables(parts: readonly Required<StepPart>[], plans: readonly UnitPlan[]): StateVariable[] {
  const variables = new Map<string, StateVariable & { readonly users: Set<number> }>();
  for (const [part, { network, variableOf }] of parts.entries()) {
    const read = new Set(network.nodes.flatMap((node) => node.inputs));
    for (const [key, { dtype, shape, kind }] of network.state) {
      if (dtype !== "f32" || !read.has(key)) continue;
      const name = variableOf(key);
      const known = variables.get(name);
      if (known === undefined) {
        const layout = plans[part].stateLayouts.get(key) ?? plainLayout(shape);
        variables.set(name, { name, kind, part, key, count: elementCount(shape), layout, users: new Set([part]) });
      } else if (!sameShape(shape, parts[known.part].network.state.get(known.key)!.shape)) {
        throw new OnebasinError(
          "mismatch",
          `Parts of a training share "${name}", but it has different shapes in them.`,
        );
      } else known.users.add(part);
    }
  }
  return [...variables.values()];
}

/** The gradient of a parameter that the loss does not depend on. */
const zerosLike = (build: GraphBuilder, value: string): string => build.node("Mul", [value, build.scalar(0)]);

function logitsShape(network: Network, shape: Shape, batch: number): readonly [number, number] {
  if (shape.length === 2 && shape[0] === batch) return [batch, shape[1]];
  throw new OnebasinError(
    "unsupported",
    `${network.name} gives [${shape.join(", ")}] for ${batch} images; training needs logits [n, classes].`,
  );
}
