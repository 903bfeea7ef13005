import type { AxisRef } from "../../network/axis-tie.js";
import { findOperator } from "../../network/find-operator.js";
import type { GraphNode, Network } from "../../network/graph.js";
import type { NetworkShapes } from "../../network/infer-shapes.js";
import { inferShapes } from "../../network/infer-shapes.js";
import type { Shape } from "../../tensor/shape.js";

/** Whether an axis of a tensor runs over units that are listened to, and summed over, not over those that are made. */
export type IsIncoming = (key: string, axis: number) => boolean;

/**
 * Tells the axes of a network's tensors that hear units from those that make them, from the graph: an operator sums
 * over what it hears, so that no output of it has that axis.
 *
 * @throws `unsupported` when an operator has no axis rule
 */
export function incomingAxes(network: Network): IsIncoming {
  const shapes = inferShapes(network, { sizes: batchOfTwo(network) });
  const known = new Map<string, readonly boolean[]>();
  for (const [key, { shape }] of network.state) {
    known.set(
      key,
      shape.map((_, axis) => isSummed(key, axis)),
    );
  }
  return (key, axis) => known.get(key)?.[axis] ?? false;

  /** A weight may be turned around before it is used: its axis is then followed. */
  function isSummed(value: string, axis: number): boolean {
    return network.nodes.some((node) =>
      node.inputs.some((input, index) => {
        const tied = input === value ? tiedWith(node, { side: "input", index, axis }, shapes) : [];
        const out = tied.find(({ side }) => side === "output");
        if (out === undefined) return tied.length > 1;
        return node.inputs.length === 1 && isSummed(node.outputs[out.index], out.axis);
      }),
    );
  }
}

/** The same by the habit of PyTorch, where the network is not known: the first axis makes units, the others hear them. */
export function usualIncoming(shapeOf: (key: string) => Shape): IsIncoming {
  return (key, axis) => axis > 0 && shapeOf(key).length > 1;
}

function tiedWith(node: GraphNode, ref: AxisRef, shapes: NetworkShapes): readonly AxisRef[] {
  for (const tie of findOperator(node).axes?.(shapes.factsOf(node)) ?? []) {
    if (tie.kind !== "same") continue;
    if (tie.axes.some((it) => it.side === ref.side && it.index === ref.index && it.axis === ref.axis)) return tie.axes;
  }
  return [];
}

const batchOfTwo = (network: Network): Record<string, number> =>
  Object.fromEntries(
    network.inputs.flatMap(({ shape = [] }) => shape.flatMap((dim) => (typeof dim === "string" ? [[dim, 2]] : []))),
  );
