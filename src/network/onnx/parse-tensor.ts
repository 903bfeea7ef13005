import type { TensorProto } from "onnx-buf";
import { OnebasinError } from "../../core/errors.js";
import { type DType, dtypeBytes } from "../../tensor/dtype.js";
import { elementCount } from "../../tensor/shape.js";
import { createTensor, type Tensor } from "../../tensor/tensor.js";
import { dtypeOfOnnx } from "./data-types.js";

/** No layer has more axes; more would only cost time. */
const MAX_RANK = 16;
/** `TensorProto.DataLocation.EXTERNAL`: the numbers lie in another file. */
const EXTERNAL = 1;

/**
 * A tensor of an ONNX file. Its bytes are a view of the file's where they are stored raw.
 *
 * @throws `bad-file` when it holds another number of bytes than its shape says, `unsupported` for data in another
 * file and for element types that onebasin does not have
 */
export function parseTensor(source: string, proto: TensorProto): Tensor {
  const name = `${source}: tensor "${proto.name}"`;
  const dtype = dtypeOfOnnx(proto.dataType);
  if (dtype === undefined) throw new OnebasinError("unsupported", `${name} has the element type ${proto.dataType}.`);
  if ((proto.dataLocation as number) === EXTERNAL || proto.externalData.length > 0) {
    throw new OnebasinError("unsupported", `${name} lies in another file.`, {
      hint: "Save the model as one file: onnx.save(model, path, save_as_external_data=False).",
    });
  }
  const shape = proto.dims.map(Number);
  if (shape.length > MAX_RANK || shape.some((size) => !(size >= 0 && Number.isSafeInteger(size)))) {
    throw new OnebasinError("bad-file", `${name} has the impossible shape [${proto.dims.join(", ")}].`);
  }
  const count = elementCount(shape);
  const expected = count * dtypeBytes(dtype);
  if (proto.rawData.byteLength > 0 || count === 0) {
    if (proto.rawData.byteLength !== expected) throw wrongSize(name, shape, proto.rawData.byteLength, expected);
    return { dtype, shape, bytes: proto.rawData };
  }
  const values = typedValues(proto, dtype);
  if (values === undefined) throw new OnebasinError("unsupported", `${name} stores ${dtype} in an unusual way.`);
  if (values.length !== count) throw wrongSize(name, shape, values.length * dtypeBytes(dtype), expected);
  return createTensor(dtype, shape, values);
}

/** Numbers that are stored one by one instead of raw. */
function typedValues(proto: TensorProto, dtype: DType): ArrayLike<number | bigint> | undefined {
  switch (dtype) {
    case "f32":
      return proto.floatData;
    case "f64":
      return proto.doubleData;
    case "i64":
      return proto.int64Data;
    case "i32":
    case "i16":
    case "i8":
    case "u16":
    case "u8":
    case "bool":
      return proto.int32Data;
    default:
      return undefined;
  }
}

function wrongSize(name: string, shape: readonly number[], found: number, expected: number): OnebasinError {
  return new OnebasinError("bad-file", `${name} [${shape.join(", ")}] holds ${found} bytes; expected ${expected}.`, {
    hint: "The file is damaged: export or fetch it again.",
  });
}
