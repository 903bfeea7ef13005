import { floatAttribute, intAttribute, intsAttribute, stringAttribute } from "../attributes.js";
import { USUAL_EPSILON, USUAL_MOMENTUM } from "../batch-norm-defaults.js";
import type { GraphNode, Network } from "../graph.js";
import type { NetworkShapes } from "../infer-shapes.js";
import type { BlockedLayout } from "../layout.js";
import type { ConvBlock } from "./conv-unit.js";
import type { LinearBlock } from "./linear-unit.js";

/** Looks for runs of nodes that have a form for blocked channels. */
export interface BlockMatcher {
  /** A convolution that begins at a node, with the nodes that it takes. */
  conv(node: GraphNode, inputLayout: BlockedLayout | undefined): Match<ConvBlock> | undefined;
  linear(node: GraphNode, inputLayout: BlockedLayout | undefined): Match<LinearBlock> | undefined;
}

export interface Match<T> {
  readonly block: T;
  readonly nodes: readonly GraphNode[];
}

const all = (values: readonly number[], expected: number): boolean => values.every((value) => value === expected);

export function createBlockMatcher(network: Network, shapes: NetworkShapes, block: number): BlockMatcher {
  const readers = new Map<string, GraphNode[]>();
  for (const node of network.nodes) {
    for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  }
  const outputs = new Set(network.outputs.map(({ name }) => name));
  /** The one node that reads a value, if it is of the operator asked for. */
  const follower = (node: GraphNode, op: string): GraphNode | undefined => {
    const [name] = node.outputs;
    const [next, ...others] = readers.get(name) ?? [];
    const only = next !== undefined && others.length === 0 && !outputs.has(name);
    return only && next.op === op && next.inputs[0] === name ? next : undefined;
  };
  /** An entry of the state that nothing else reads. */
  const owned = (key: string | undefined): boolean =>
    key !== undefined && network.state.has(key) && readers.get(key)?.length === 1;
  const shapeOf = (name: string): readonly number[] => shapes.shapes.get(name) ?? [];
  const [image] = network.inputs;

  return {
    conv(node, inputLayout) {
      const first = node.inputs[0] === image.name;
      const [weight, bias = ""] = node.inputs.slice(1);
      if (node.op !== "Conv" || !(first || inputLayout) || !owned(weight) || !(bias === "" || owned(bias))) return;
      const [, , height, width] = shapeOf(node.outputs[0]);
      const [to, from, ...kernel] = shapeOf(weight);
      const plain =
        kernel.length === 2 &&
        all(kernel, 3) &&
        all(intsAttribute(node, "pads", [0]), 1) &&
        all(intsAttribute(node, "strides", [1]), 1) &&
        all(intsAttribute(node, "dilations", [1]), 1) &&
        intAttribute(node, "group", 1) === 1 &&
        stringAttribute(node, "auto_pad", "NOTSET") === "NOTSET";
      const norm = follower(node, "BatchNormalization");
      const relu = norm && follower(norm, "Relu");
      if (!plain || !norm || !relu || !norm.inputs.slice(1).every(owned)) return;

      const [images] = shapeOf(image.name);
      const fold = to < block ? block / to : 1;
      const whole = to % block === 0 || (Number.isInteger(fold) && (first || to === from));
      const narrow = first ? fold * from < block : from % block === 0 || inputLayout?.fold === block / from;
      const largestFold = Math.max(fold, inputLayout?.fold ?? 1);
      if (!whole || !narrow || images % (block * largestFold) !== 0) return;
      const pooled = follower(relu, "MaxPool");
      const pool = pooled && isHalving(pooled) && height % 2 === 0 && width % 2 === 0 ? pooled : undefined;
      const layout = { block, images, height, width };
      return {
        block: {
          input: node.inputs[0],
          output: (pool ?? relu).outputs[0],
          weight,
          bias: bias === "" ? undefined : bias,
          scale: norm.inputs[1],
          shift: norm.inputs[2],
          mean: norm.inputs[3],
          variance: norm.inputs[4],
          epsilon: floatAttribute(norm, "epsilon", USUAL_EPSILON),
          kept: floatAttribute(norm, "momentum", USUAL_MOMENTUM),
          pool: pool !== undefined,
          first,
          from: inputLayout ?? { ...layout, channels: from, fold: 1 },
          to: { ...layout, channels: to, fold },
        },
        nodes: pool === undefined ? [node, norm, relu] : [node, norm, relu, pool],
      };
    },
    linear(node, inputLayout) {
      const [input, weight, bias = ""] = node.inputs;
      if (node.op !== "Gemm" || !owned(weight) || !(bias === "" || (owned(bias) && shapeOf(bias).length === 1))) return;
      const plain =
        intAttribute(node, "transA", 0) === 0 &&
        intAttribute(node, "transB", 0) === 1 &&
        floatAttribute(node, "alpha", 1) === 1 &&
        floatAttribute(node, "beta", 1) === 1;
      const [images, size] = shapeOf(input);
      const channels = shapeOf(node.outputs[0])[1];
      const layout = { block, images, height: 1, width: 1, fold: 1 };
      const from = inputLayout ?? { ...layout, channels: size };
      if (!plain || from.fold !== 1 || from.channels % block !== 0 || images % block !== 0) return;
      if (bias !== "" && shapeOf(bias)[0] !== channels) return;
      const relu = follower(node, "Relu");
      const dropout = follower(relu ?? node, "Dropout");
      const ratio = dropout === undefined ? 0 : dropoutRatio(dropout, shapes);
      const nodes = [node, relu, dropout].filter((it) => it !== undefined);
      return {
        block: {
          input,
          output: nodes[nodes.length - 1].outputs[0],
          weight,
          bias: bias === "" ? undefined : bias,
          relu: relu !== undefined,
          dropout: ratio,
          from,
          to: { ...layout, channels },
        },
        nodes,
      };
    },
  };
}

/** ONNX's ratio when the input is left out. */
const USUAL_RATIO = 0.5;

const dropoutRatio = (node: GraphNode, shapes: NetworkShapes): number =>
  (node.inputs[1] ?? "") === "" ? USUAL_RATIO : shapes.factsOf(node).constantInput(1)[0];

const isHalving = (node: GraphNode): boolean =>
  node.outputs.length === 1 &&
  all(intsAttribute(node, "kernel_shape"), 2) &&
  all(intsAttribute(node, "strides", [1]), 2) &&
  all(intsAttribute(node, "pads", [0]), 0) &&
  all(intsAttribute(node, "dilations", [1]), 1) &&
  intAttribute(node, "ceil_mode", 0) === 0 &&
  stringAttribute(node, "auto_pad", "NOTSET") === "NOTSET";
