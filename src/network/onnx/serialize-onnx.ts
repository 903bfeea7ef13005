import { create, toBinary } from "@bufbuild/protobuf";
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type TensorProto,
  TensorProtoSchema,
  TensorShapeProto_DimensionSchema,
  TensorShapeProtoSchema,
  TypeProto_TensorSchema,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from "onnx-buf";
import type { StateDict, Tensor } from "../../tensor/tensor.js";
import type { Attribute, Dim, Graph, GraphValue, Network } from "../graph.js";
import { OPSET } from "../operator.js";
import { onnxDataType } from "./data-types.js";

/** The newest file version whose readers are common. */
const IR_VERSION = 10n;

export interface SerializeOnnxOptions {
  /** Fills the state of a network; entries that it lacks become inputs of the graph. */
  readonly state?: StateDict;
}

/**
 * Writes a graph as an ONNX model. Tensors are copied into the result; one model holds at most 2 GiB.
 */
export function serializeOnnx(graph: Graph & Partial<Network>, { state }: SerializeOnnxOptions = {}): Uint8Array {
  const read = new Set([...graph.nodes.flatMap((node) => node.inputs), ...graph.outputs.map((output) => output.name)]);
  const initializer: TensorProto[] = [];
  const input = graph.inputs.map(valueInfo);
  for (const [name, tensor] of graph.constants) initializer.push(tensorProto(name, tensor));
  for (const [key, entry] of graph.state ?? []) {
    if (!read.has(key)) continue;
    const tensor = state?.get(key);
    if (tensor === undefined) input.push(valueInfo({ name: key, dtype: entry.dtype, shape: entry.shape }));
    else initializer.push(tensorProto(key, tensor));
  }
  const node = graph.nodes.map((it) =>
    create(NodeProtoSchema, {
      opType: it.op,
      domain: it.domain ?? "",
      name: it.name,
      input: [...it.inputs],
      output: [...it.outputs],
      attribute: Object.entries(it.attributes).map(([name, attribute]) => attributeProto(name, attribute)),
    }),
  );
  const output = graph.outputs.map(valueInfo);
  const domains = new Set(graph.nodes.map((it) => it.domain ?? ""));
  const model = create(ModelProtoSchema, {
    irVersion: IR_VERSION,
    producerName: "onebasin",
    opsetImport: [...domains].map((domain) =>
      create(OperatorSetIdProtoSchema, { domain, version: domain === "" ? BigInt(OPSET) : 1n }),
    ),
    graph: create(GraphProtoSchema, { name: graph.name, node, initializer, input, output }),
  });
  return toBinary(ModelProtoSchema, model);
}

function valueInfo({ name, dtype, shape }: GraphValue): ValueInfoProto {
  const tensorType = create(TypeProto_TensorSchema, {
    elemType: onnxDataType(dtype),
    ...(shape === undefined ? {} : { shape: create(TensorShapeProtoSchema, { dim: shape.map(dimension) }) }),
  });
  const type = create(TypeProtoSchema, { value: { case: "tensorType", value: tensorType } });
  return create(ValueInfoProtoSchema, { name, type });
}

function dimension(dim: Dim) {
  const value =
    typeof dim === "number"
      ? ({ case: "dimValue", value: BigInt(dim) } as const)
      : ({ case: "dimParam", value: dim } as const);
  return create(TensorShapeProto_DimensionSchema, { value });
}

function tensorProto(name: string, { dtype, shape, bytes }: Tensor): TensorProto {
  return create(TensorProtoSchema, {
    name,
    dims: shape.map(BigInt),
    dataType: onnxDataType(dtype),
    rawData: bytes as Uint8Array<ArrayBuffer>,
  });
}

function attributeProto(name: string, attribute: Attribute): AttributeProto {
  if ("int" in attribute) {
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(attribute.int) });
  }
  if ("float" in attribute) {
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: attribute.float });
  }
  if ("ints" in attribute) {
    return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: attribute.ints.map(BigInt) });
  }
  if ("floats" in attribute) {
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOATS, floats: [...attribute.floats] });
  }
  if ("string" in attribute) {
    const s = new TextEncoder().encode(attribute.string);
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s });
  }
  return create(AttributeProtoSchema, { name, type: AttributeType.TENSOR, t: tensorProto("", attribute.tensor) });
}
