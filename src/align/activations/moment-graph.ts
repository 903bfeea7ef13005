import type { GraphNode, Network } from "../../network/graph.js";
import { createTensor, type Tensor } from "../../tensor/tensor.js";
import { joinedName, joinNetworks } from "./join-networks.js";

/** Where units are in a value of a network. */
export interface UnitPlace {
  readonly value: string;
  /** What the value is brought to first, −1 for the first size; absent where the units have an axis of their own. */
  readonly reshape?: readonly number[];
  /** Sizes with the batch first; the units are axis 1 of [n, units, …] or the last of several. */
  readonly rank: number;
  readonly axis: number;
}

/**
 * Networks side by side, on the same images, whose only outputs are means over images and places of what their units do.
 * Each function names a value; those of means become outputs.
 */
export interface MomentGraph {
  /** What the units of a value of a model do, [units, images · places]. */
  rows(model: number, place: UnitPlace): string;
  /** Rows of several values, one below the other. */
  stacked(rows: readonly string[]): string;
  /** [units] */
  means(rows: string): string;
  /** Means of squares, [units]. */
  squares(rows: string): string;
  /** Means of products, [units of left, units of right]. */
  products(left: string, right: string): string;
  /** What was built so far; its state is that of `joinStates`. */
  network(): Network;
}

/** @param networks all take the input of the first */
export function createMomentGraph(networks: readonly Network[]): MomentGraph {
  const joint = joinNetworks(networks);
  const nodes: GraphNode[] = [...joint.nodes];
  const constants = new Map<string, Tensor>(joint.constants);
  const outputs: string[] = [];
  const constant = (...numbers: readonly number[]): string => {
    const name = `moments/constant ${numbers.join(",")}`;
    constants.set(name, createTensor("i64", [numbers.length], numbers));
    return name;
  };
  const node = (op: string, inputs: readonly string[], attributes: GraphNode["attributes"] = {}): string => {
    const name = `moments/${nodes.length}`;
    nodes.push({ op, name, inputs, outputs: [name], attributes });
    return name;
  };
  const asOutput = (name: string): string => {
    outputs.push(name);
    return name;
  };
  const meanOverPlaces = (rows: string): string =>
    asOutput(node("ReduceMean", [rows, constant(1)], { keepdims: { int: 0 } }));
  return {
    rows(model, { value, reshape, rank, axis }) {
      const own = joinedName(model, value);
      const given = reshape === undefined ? own : node("Reshape", [own, constant(...reshape)]);
      const others = Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis);
      const turned = node("Transpose", [given], { perm: { ints: [axis, ...others] } });
      return node("Reshape", [turned, constant(0, -1)]);
    },
    stacked: (rows) => node("Concat", rows, { axis: { int: 0 } }),
    means: meanOverPlaces,
    squares: (rows) => meanOverPlaces(node("Mul", [rows, rows])),
    products(left, right) {
      const columns = node("Shape", [left], { start: { int: 1 }, end: { int: 2 } });
      const sum = node("Gemm", [left, right], { transB: { int: 1 } });
      return asOutput(node("Div", [sum, node("Cast", [columns], { to: { int: 1 } })]));
    },
    network: () => ({ ...joint, nodes, constants, outputs: outputs.map((name) => ({ name, dtype: "f32" })) }),
  };
}
