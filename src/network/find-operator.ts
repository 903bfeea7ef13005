import { OnebasinError } from "../core/errors.js";
import { nearestName } from "../core/suggest.js";
import type { GraphNode } from "./graph.js";
import type { Operator } from "./operator.js";
import { operators } from "./operators.gen.js";

const byType: ReadonlyMap<string, Operator> = new Map(operators.map((operator) => [operator.type, operator]));

/**
 * The rules of a node's operator.
 *
 * @throws `unsupported` when onebasin has none, naming node and operator
 */
export function findOperator(node: GraphNode): Operator {
  const operator = node.domain === undefined ? byType.get(node.op) : undefined;
  if (operator !== undefined) return operator;
  const name = node.domain === undefined ? node.op : `${node.domain}.${node.op}`;
  const nearest = nearestName(name, byType.keys());
  throw new OnebasinError(
    "unsupported",
    `Node "${node.name}" uses the operator ${name}, which onebasin does not have.`,
    {
      hint: `${nearest === undefined ? "" : `The nearest is ${nearest}. `}Known: ${[...byType.keys()].join(", ")}.`,
      details: { node: node.name, op: name },
    },
  );
}
