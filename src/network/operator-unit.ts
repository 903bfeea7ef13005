import { OnebasinError } from "../core/errors.js";
import { findOperator } from "./find-operator.js";
import type { GraphNode } from "./graph.js";
import type { NetworkShapes } from "./infer-shapes.js";
import type { TrainingOutputs } from "./operator.js";
import type { Unit } from "./unit.js";

/** A unit of one node, by the rules of its operator. */
export function operatorUnit(node: GraphNode, shapes: NetworkShapes): Unit {
  const operator = findOperator(node);
  const facts = shapes.factsOf(node);
  let inputs: readonly string[] = [];
  let made: TrainingOutputs = { outputs: [] };
  return {
    inputs: node.inputs,
    outputs: node.outputs,
    forward({ build, read, write, updateRunning, dropoutMask }) {
      inputs = node.inputs.map((name) => (name === "" ? "" : read(name)));
      made = operator.training?.({ ...facts, build, inputs, updateRunning, dropoutMask }) ?? {
        outputs: build.nodes(node.op, inputs, node.outputs.length, node.attributes),
      };
      for (const [index, name] of node.outputs.entries()) if (name !== "") write(name, made.outputs[index]);
    },
    backward({ build, wants, gradientOf, addGradient }) {
      if (operator.gradient === undefined) {
        throw new OnebasinError("unsupported", `The operator ${node.op} (node "${node.name}") has no gradient.`, {
          details: { node: node.name, op: node.op },
        });
      }
      const gradients = operator.gradient({
        ...facts,
        build,
        inputs,
        outputs: made.outputs,
        saved: made.saved ?? {},
        outputGradients: node.outputs.map((name) => gradientOf(name)),
        wants: (index) => wants(node.inputs[index]),
      });
      for (const [index, gradient] of gradients.entries()) {
        if (gradient !== undefined) addGradient(node.inputs[index], gradient);
      }
    },
  };
}
