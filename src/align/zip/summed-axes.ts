import { OnebasinError } from "../../core/errors.js";
import type { AxisRef } from "../../network/axis-tie.js";
import { findOperator } from "../../network/find-operator.js";
import type { GraphNode, Network } from "../../network/graph.js";
import type { NetworkShapes } from "../../network/infer-shapes.js";

/**
 * The inputs of a node that are summed over together with an axis of one of its inputs: for axis 1 of the image of a
 * convolution, axis 1 of the weight.
 *
 * @returns `undefined` when the axis goes on into an output
 */
export function summedWith(
  node: GraphNode,
  shapes: NetworkShapes,
  axis: { readonly index: number; readonly axis: number },
): readonly AxisRef[] | undefined {
  for (const tie of findOperator(node).axes?.(shapes.factsOf(node)) ?? []) {
    if (tie.kind !== "same") continue;
    const isHere = (ref: AxisRef): boolean =>
      ref.side === "input" && ref.index === axis.index && ref.axis === axis.axis;
    if (!tie.axes.some(isHere)) continue;
    return tie.axes.some(({ side }) => side === "output") ? undefined : tie.axes.filter((ref) => !isHere(ref));
  }
  return undefined;
}

/** An axis of a tensor that is summed over with the units of a value: the inputs of a layer. */
export interface SummedAxis {
  readonly value: string;
}

/**
 * Which axes of a network's tensors are summed over where they are used, and with which value: by key, one answer for
 * each axis.
 *
 * @throws `unsupported` for a tensor that is used in two ways
 */
export function summedAxes(
  network: Network,
  shapes: NetworkShapes,
): ReadonlyMap<string, readonly (SummedAxis | undefined)[]> {
  const found = new Map<string, readonly (SummedAxis | undefined)[]>();
  for (const node of network.nodes) {
    for (const [index, key] of node.inputs.entries()) {
      const entry = network.state.get(key);
      if (entry === undefined) continue;
      const summed = entry.shape.map((_, axis): SummedAxis | undefined => {
        const [other] = summedWith(node, shapes, { index, axis }) ?? [];
        return other && { value: node.inputs[other.index] };
      });
      const known = found.get(key) ?? summed;
      if (known.some((it, axis) => it?.value !== summed[axis]?.value)) {
        throw new OnebasinError("unsupported", `"${key}" is used in two ways, and its units cannot be merged.`, {
          hint: "Take a smaller depth, one that ends before the layers that use it.",
        });
      }
      found.set(key, summed);
    }
  }
  return found;
}
