import { type Shape, sameShape } from "../tensor/shape.js";
import { badShapes } from "./attributes.js";
import type { GraphNode } from "./graph.js";
import type { GraphBuilder } from "./graph-builder.js";

/** The common shape of several, as NumPy broadcasts. @throws `bad-argument` */
export function broadcastShapes(node: GraphNode, shapes: readonly Shape[]): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    let size = 1;
    for (const shape of shapes) {
      const own = shape[axis - (rank - shape.length)] ?? 1;
      if (own !== 1 && size !== 1 && own !== size) throw badShapes(node, shapes, "they do not broadcast");
      if (own !== 1) size = own;
    }
    return size;
  });
}

/** Sums a gradient of shape `from` down to the shape `to` that was broadcast to it. */
export function sumTo(build: GraphBuilder, gradient: string, from: Shape, to: Shape): string {
  if (sameShape(from, to)) return gradient;
  const lead = from.length - to.length;
  const axes = from.flatMap((size, axis) => (axis < lead || (to[axis - lead] === 1 && size !== 1) ? [axis] : []));
  const summed =
    axes.length === 0
      ? gradient
      : build.node("ReduceSum", [gradient, build.ints(...axes)], { keepdims: { int: lead === 0 ? 1 : 0 } });
  return lead === 0 ? summed : build.node("Reshape", [summed, build.ints(...to)]);
}
