import { floatAttribute, intAttribute, intsAttribute } from "../attributes.js";
import type { GraphNode, Network } from "../graph.js";
import type { NetworkShapes } from "../infer-shapes.js";
import { isTiling, readWindow, type Window } from "../window.js";

/** Layers that are computed together: a convolution of stride 1, and what follows it. */
export interface ConvStage {
  readonly input: string;
  readonly output: string;
  readonly nodes: readonly GraphNode[];
  readonly conv: GraphNode;
  readonly window: Window;
  readonly channels: number;
  readonly norm?: GraphNode;
  readonly relu: boolean;
  /** 2×2 */
  readonly pool: boolean;
}

/** A linear layer, and what follows it. */
export interface LinearStage {
  readonly input: string;
  readonly output: string;
  readonly nodes: readonly GraphNode[];
  readonly gemm: GraphNode;
  readonly outputs: number;
  readonly relu: boolean;
  /** Share of elements dropped; 0 for none. */
  readonly dropout: number;
}

/** Finds nodes that can be computed together in blocks of channels. */
export interface StageMatcher {
  /** The stage that begins at a node; `undefined` where there is none. */
  readonly conv: (node: GraphNode) => ConvStage | undefined;
  readonly linear: (node: GraphNode) => LinearStage | undefined;
  /** Whether a node of the given operator reads a value. */
  readonly isReadBy: (value: string, op: string) => boolean;
}

export function createStageMatcher(network: Network, shapes: NetworkShapes): StageMatcher {
  const readers = new Map<string, GraphNode[]>();
  for (const node of network.nodes) {
    for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  }
  const outputs = new Set(network.outputs.map(({ name }) => name));
  /** The one node that reads what another gives, if it is of the operator asked for. */
  const follower = (node: GraphNode, op: string): GraphNode | undefined => {
    const [name] = node.outputs;
    const [next, ...others] = readers.get(name) ?? [];
    const only = next !== undefined && others.length === 0 && !outputs.has(name) && node.outputs.length === 1;
    return only && next.op === op && next.domain === undefined && next.inputs[0] === name ? next : undefined;
  };
  /** Whether the rest of a node's inputs are entries of the state that nothing else reads. */
  const ownsState = (node: GraphNode): boolean =>
    node.inputs.slice(1).every((key) => network.state.has(key) && readers.get(key)?.length === 1);
  const last = (nodes: readonly GraphNode[]): string => nodes[nodes.length - 1].outputs[0];
  const present = (...nodes: (GraphNode | undefined)[]): GraphNode[] => nodes.filter((it) => it !== undefined);

  return {
    isReadBy: (value, op) => (readers.get(value) ?? []).some((node) => node.op === op),
    conv(node) {
      const window = ownsState(node) ? convWindow(node, shapes) : undefined;
      if (window === undefined) return undefined;
      const following = follower(node, "BatchNormalization");
      const norm = following !== undefined && ownsState(following) ? following : undefined;
      const before = follower(norm ?? node, "Relu");
      const pooling = follower(before ?? norm ?? node, "MaxPool");
      const pool = pooling !== undefined && isHalving(pooling, shapes) ? pooling : undefined;
      // Before or after the pool, a ReLU gives the same.
      const after = before === undefined && pool !== undefined ? follower(pool, "Relu") : undefined;
      const nodes = present(node, norm, before, pool, after);
      return {
        input: node.inputs[0],
        output: last(nodes),
        nodes,
        conv: node,
        window,
        channels: shapes.factsOf(node).inputShapes[1][0],
        norm,
        relu: before !== undefined || after !== undefined,
        pool: pool !== undefined,
      };
    },
    linear(node) {
      if (!isLinear(node, shapes) || !ownsState(node)) return undefined;
      const relu = follower(node, "Relu");
      const dropout = follower(relu ?? node, "Dropout");
      const nodes = present(node, relu, dropout);
      return {
        input: node.inputs[0],
        output: last(nodes),
        nodes,
        gemm: node,
        outputs: shapes.factsOf(node).inputShapes[1][0],
        relu: relu !== undefined,
        dropout: dropout === undefined ? 0 : dropoutRatio(dropout, shapes),
      };
    },
  };
}

function convWindow(node: GraphNode, shapes: NetworkShapes): Window | undefined {
  if (node.op !== "Conv" || node.domain !== undefined) return undefined;
  const [input, weight] = shapes.factsOf(node).inputShapes;
  if (input.length !== 4 || intAttribute(node, "group", 1) !== 1) return undefined;
  const window = readWindow(node, input, weight.slice(2));
  const simple = window.kernel.every(
    (size, axis) =>
      window.strides[axis] === 1 &&
      window.dilations[axis] === 1 &&
      window.padsBegin[axis] === window.padsEnd[axis] &&
      window.padsBegin[axis] < size,
  );
  return simple ? window : undefined;
}

function isHalving(node: GraphNode, shapes: NetworkShapes): boolean {
  const [input] = shapes.factsOf(node).inputShapes;
  const kernel = intsAttribute(node, "kernel_shape");
  const halves = node.outputs.length === 1 && kernel.every((size) => size === 2);
  const spatial = input.slice(2);
  return halves && isTiling(readWindow(node, input, kernel), spatial) && spatial.every((size) => size % 2 === 0);
}

function isLinear(node: GraphNode, shapes: NetworkShapes): boolean {
  if (node.op !== "Gemm" || node.domain !== undefined) return false;
  const [, weight, bias] = shapes.factsOf(node).inputShapes;
  return (
    intAttribute(node, "transA", 0) === 0 &&
    intAttribute(node, "transB", 0) === 1 &&
    floatAttribute(node, "alpha", 1) === 1 &&
    floatAttribute(node, "beta", 1) === 1 &&
    (bias === undefined || (bias.length === 1 && bias[0] === weight[0]))
  );
}

/** ONNX's ratio when the input is left out. */
const USUAL_RATIO = 0.5;

const dropoutRatio = (node: GraphNode, shapes: NetworkShapes): number =>
  (node.inputs[1] ?? "") === "" ? USUAL_RATIO : shapes.factsOf(node).constantInput(1)[0];
