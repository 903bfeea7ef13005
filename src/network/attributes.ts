import { OnebasinError } from "../core/errors.js";
import type { Attribute, GraphNode } from "./graph.js";

function read<T>(node: GraphNode, name: string, type: string, absent: T | undefined): T {
  const attribute: Attribute | undefined = Object.hasOwn(node.attributes, name) ? node.attributes[name] : undefined;
  if (attribute === undefined) {
    if (absent !== undefined) return absent;
    throw new OnebasinError("bad-argument", `Node "${node.name}" (${node.op}) lacks the attribute "${name}".`);
  }
  if (!Object.hasOwn(attribute, type)) {
    const found = Object.keys(attribute)[0];
    throw new OnebasinError(
      "bad-argument",
      `Node "${node.name}" (${node.op}): attribute "${name}" is of type ${found}; expected ${type}.`,
    );
  }
  return (attribute as unknown as Record<string, T>)[type];
}

/** The attribute's value, or `absent` when the node does not have it. @throws `bad-argument` */
export const intAttribute = (node: GraphNode, name: string, absent?: number): number => read(node, name, "int", absent);
export const floatAttribute = (node: GraphNode, name: string, absent?: number): number =>
  read(node, name, "float", absent);
export const stringAttribute = (node: GraphNode, name: string, absent?: string): string =>
  read(node, name, "string", absent);
export const intsAttribute = (node: GraphNode, name: string, absent?: readonly number[]): readonly number[] =>
  read(node, name, "ints", absent);

/** An axis counted from the front; ONNX counts negative ones from the back. @throws `bad-argument` */
export function resolveAxis(node: GraphNode, axis: number, rank: number): number {
  const resolved = axis < 0 ? axis + rank : axis;
  if (!Number.isInteger(axis) || resolved < 0 || resolved >= rank) {
    throw new OnebasinError(
      "bad-argument",
      `Node "${node.name}" (${node.op}): axis ${axis} does not exist in a tensor of ${rank} axes.`,
    );
  }
  return resolved;
}

/** The error for shapes that an operator cannot take. */
export function badShapes(node: GraphNode, shapes: readonly (readonly number[])[], expected: string): OnebasinError {
  const listed = shapes.map((shape) => `[${shape.join(", ")}]`).join(", ");
  return new OnebasinError(
    "bad-argument",
    `Node "${node.name}" (${node.op}) cannot take shapes ${listed}: ${expected}.`,
    {
      details: { node: node.name, op: node.op, shapes },
    },
  );
}
