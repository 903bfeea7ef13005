import type { GraphNode, Network } from "../../network/graph.js";
import type { StateDict, Tensor } from "../../tensor/tensor.js";

/** The name that a value of the model of this number has in the joint network. */
export const joinedName = (model: number, value: string): string => `${model}/${value}`;

/** The state of several networks as that of their joint network. */
export function joinStates(states: readonly StateDict[]): StateDict {
  return new Map(
    states.flatMap((state, model) =>
      [...state].map(([key, tensor]): [string, Tensor] => [joinedName(model, key), tensor]),
    ),
  );
}

/**
 * Networks that see the same input, as one network without outputs. All but the input get names of their own.
 *
 * @param networks all take the input of the first
 */
export function joinNetworks(networks: readonly Network[]): Network {
  const [first] = networks;
  const rename = (network: Network, model: number) => {
    const inputs = new Map(network.inputs.map(({ name }, i) => [name, first.inputs[i].name]));
    return (value: string): string => (value === "" ? "" : (inputs.get(value) ?? joinedName(model, value)));
  };
  return {
    name: networks.map(({ name }) => name).join(" and "),
    inputs: first.inputs,
    outputs: [],
    nodes: networks.flatMap((network, model) => {
      const named = rename(network, model);
      return network.nodes.map(
        (node): GraphNode => ({
          ...node,
          name: joinedName(model, node.name),
          inputs: node.inputs.map(named),
          outputs: node.outputs.map(named),
        }),
      );
    }),
    constants: new Map(
      networks.flatMap((network, model) =>
        [...network.constants].map(([name, tensor]) => [joinedName(model, name), tensor] as const),
      ),
    ),
    state: new Map(
      networks.flatMap((network, model) =>
        [...network.state].map(([key, entry]) => [joinedName(model, key), entry] as const),
      ),
    ),
  };
}
