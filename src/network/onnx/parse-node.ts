import { type AttributeProto, AttributeProto_AttributeType as AttributeType, type NodeProto } from "onnx-buf";
import { OnebasinError } from "../../core/errors.js";
import { findOperator } from "../find-operator.js";
import type { Attribute, GraphNode } from "../graph.js";
import { parseTensor } from "./parse-tensor.js";

/** Both spellings of ONNX's own operators. */
const OWN_DOMAINS: ReadonlySet<string> = new Set(["", "ai.onnx"]);

/**
 * A node of an ONNX file.
 *
 * @throws `unsupported` for an operator that onebasin does not have, naming node and operator
 */
export function parseNode(source: string, proto: NodeProto, index: number): GraphNode {
  const bare = {
    op: proto.opType,
    ...(OWN_DOMAINS.has(proto.domain) ? {} : { domain: proto.domain }),
    name: proto.name || `${proto.opType}_${index}`,
    inputs: proto.input,
    outputs: proto.output,
    attributes: {},
  };
  findOperator(bare);
  const attributes = proto.attribute.map((attribute) => [attribute.name, parseAttribute(source, bare, attribute)]);
  return { ...bare, attributes: Object.fromEntries(attributes) };
}

function parseAttribute(source: string, node: GraphNode, proto: AttributeProto): Attribute {
  switch (proto.type) {
    case AttributeType.INT:
      return { int: Number(proto.i) };
    case AttributeType.FLOAT:
      return { float: proto.f };
    case AttributeType.STRING:
      return { string: new TextDecoder().decode(proto.s) };
    case AttributeType.INTS:
      return { ints: proto.ints.map(Number) };
    case AttributeType.FLOATS:
      return { floats: proto.floats };
    case AttributeType.TENSOR:
      if (proto.t !== undefined) return { tensor: parseTensor(source, proto.t) };
      break;
    default:
  }
  throw new OnebasinError(
    "unsupported",
    `${source}: node "${node.name}" (${node.op}) has an attribute "${proto.name}" of a kind that onebasin does not read.`,
  );
}
