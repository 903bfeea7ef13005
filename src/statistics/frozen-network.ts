import { floatAttribute } from "../network/attributes.js";
import { USUAL_EPSILON } from "../network/batch-norm-defaults.js";
import { batchSizes } from "../network/batch-sizes.js";
import type { GraphNode, Network } from "../network/graph.js";
import { inferShapes } from "../network/infer-shapes.js";
import { normalizationsOf } from "../repair/normalizations.js";
import { createTensor, type StateDict, type Tensor, tensorNumbers } from "../tensor/tensor.js";

/**
 * The network as it runs after training, in operators whose gradients are those of that: batch normalisation by its
 * running statistics, dropout off. The keys of its parameters are the same.
 *
 * @param state has the running statistics
 */
export function frozenNetwork(network: Network, state: StateDict): Network {
  const { shapes } = inferShapes(network, { sizes: batchSizes(network, 1) });
  const normalizations = new Map(normalizationsOf(network).map((found) => [found.node, found]));
  const constants = new Map<string, Tensor>(network.constants);
  const nodes = network.nodes.flatMap((node): GraphNode[] => {
    if (node.op === "Dropout")
      return [{ ...node, op: "Identity", inputs: [node.inputs[0]], outputs: [node.outputs[0]] }];
    const found = normalizations.get(node);
    if (found === undefined) return [node];
    const epsilon = floatAttribute(node, "epsilon", USUAL_EPSILON);
    const numbers = (key: string): Float64Array => tensorNumbers(state.get(key) as Tensor);
    const wide = [1, -1, ...(shapes.get(node.inputs[0]) ?? []).slice(2).map(() => 1)];
    return frozenNormalization(node, {
      mean: numbers(found.mean),
      factor: numbers(found.variance).map((variance) => 1 / Math.sqrt(variance + epsilon)),
      wide,
      constants,
    });
  });
  return { ...network, nodes, constants };
}

/** (x − mean) · factor · scale + bias, channel by channel. */
function frozenNormalization(
  node: GraphNode,
  given: {
    readonly mean: Float64Array;
    readonly factor: Float64Array;
    readonly wide: readonly number[];
    readonly constants: Map<string, Tensor>;
  },
): GraphNode[] {
  const [input, scale, bias] = node.inputs;
  const name = (what: string): string => `frozen/${node.name}/${what}`;
  const constant = (what: string, tensor: Tensor): string => {
    given.constants.set(name(what), tensor);
    return name(what);
  };
  const vector = (what: string, values: Float64Array): string =>
    constant(
      what,
      createTensor(
        "f32",
        given.wide.map((size) => (size === -1 ? values.length : size)),
        values,
      ),
    );
  const shape = constant("shape", createTensor("i64", [given.wide.length], given.wide));
  const made: GraphNode[] = [];
  const add = (op: string, inputs: readonly string[], output: string): string => {
    made.push({ op, name: output, inputs, outputs: [output], attributes: {} });
    return output;
  };
  const centred = add("Sub", [input, vector("mean", given.mean)], name("centred"));
  const normal = add("Mul", [centred, vector("factor", given.factor)], name("normal"));
  const scaled = add("Mul", [normal, add("Reshape", [scale, shape], name("scale"))], name("scaled"));
  add("Add", [scaled, add("Reshape", [bias, shape], name("bias"))], node.outputs[0]);
  return made;
}
