import { OnebasinError } from "../../core/errors.js";
import type { Attributes, Network } from "../../network/graph.js";
import { layersOf } from "../../network/layers-of.js";
import type { Tensor } from "../../tensor/tensor.js";

/** A network, and what it is called in messages. */
interface Named {
  readonly name: string;
  readonly network: Network;
}

/** Attributes that follow from how many units there are, which may differ. */
const SIZES = new Set(["group"]);

/**
 * Compares the structure of two networks: operators, their settings, how they are wired, and the keys of their tensors.
 * Numbers of units and of classes may differ.
 *
 * @returns the first difference
 */
export function checkStructure(first: Named, other: Named): OnebasinError[] {
  const [inputs, otherInputs] = [first, other].map(({ network }) => network.inputs[0].shape ?? []);
  const problem = (message: string, hint?: string): OnebasinError =>
    new OnebasinError("mismatch", message, { hint, details: { models: [first.name, other.name] } });
  if (`${inputs}` !== `${otherInputs}`) {
    return [
      problem(
        `${other.name} takes [${otherInputs.join(", ")}], ${first.name} [${inputs.join(", ")}]: they cannot share a trunk.`,
      ),
    ];
  }
  const [layers, otherLayers] = [first, other].map(({ network }) => layersOf(network));
  if (layers.length !== otherLayers.length) {
    return [
      problem(
        `${other.name} has ${otherLayers.length} layers, ${first.name} has ${layers.length}: only networks of one structure share a trunk.`,
        "Numbers of units and of classes may differ; layers, their order and what is between them may not.",
      ),
    ];
  }
  const renamed = new Map<string, string>([[other.network.inputs[0].name, first.network.inputs[0].name]]);
  for (const [index, node] of first.network.nodes.entries()) {
    const match = other.network.nodes[index];
    const isSame =
      match !== undefined &&
      match.op === node.op &&
      match.inputs.length === node.inputs.length &&
      describe(match.attributes) === describe(node.attributes) &&
      node.inputs.every((value, i) => isSameInput(value, match.inputs[i]));
    if (!isSame) {
      const at = match === undefined ? "has no more nodes" : `has ${match.op} (${match.inputs.slice(1).join(", ")})`;
      return [
        problem(
          `The networks differ at node ${index + 1}: ${first.name} has ${node.op} (${node.inputs.slice(1).join(", ")}), ${other.name} ${at}.`,
          "Only networks of one structure share a trunk.",
        ),
      ];
    }
    for (const [i, value] of node.outputs.entries()) renamed.set(match.outputs[i], value);
  }
  return [];

  function isSameInput(value: string, theirs: string): boolean {
    if (first.network.state.has(value)) return value === theirs && other.network.state.has(theirs);
    const [constant, theirConstant] = [first.network.constants.get(value), other.network.constants.get(theirs)];
    if (constant !== undefined) return theirConstant !== undefined && constant.dtype === theirConstant.dtype;
    return value === (theirs === "" ? "" : renamed.get(theirs));
  }
}

function describe(attributes: Attributes): string {
  const entries = Object.entries(attributes).filter(([name]) => !SIZES.has(name));
  return JSON.stringify(entries.map(([name, it]) => [name, "tensor" in it ? tensorText(it.tensor) : it]));
}

const tensorText = ({ dtype, shape }: Tensor): string => `${dtype} [${shape.join(", ")}]`;
