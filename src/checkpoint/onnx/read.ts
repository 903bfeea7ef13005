import { OnebasinError, throwProblems } from "../../core/errors.js";
import { shapeText } from "../../tensor/shape.js";
import { type ByteSource, bytesSource, type SourceFolder } from "../byte-source.js";
import type { Checkpoint, TensorEntry } from "../checkpoint.js";
import { quoted, unsupported } from "../file-errors.js";
import type { ReadOptions } from "../format.js";
import { leftOutNotes } from "../left-out.js";
import { checkedTensorBytes, isSize } from "../tensor-size.js";
import { decodeTypedData, isFixedWidth, typedFieldOf } from "./decode-typed-data.js";
import { ONNX_DTYPES, ONNX_TEXT, parseTensorProto, type TensorProto } from "./parse-tensor-proto.js";
import { createProtobufReader, type ProtobufReader, protobufFields, WIRE } from "./protobuf-fields.js";

/** Field numbers of `ModelProto` and `GraphProto`. */
const GRAPH = 7;
const INITIALIZER = 5;
const SPARSE_INITIALIZER = 15;

/**
 * Reads where the initialisers of an ONNX model lie; numbers stay in the file, or in the files beside it. Tensors
 * inside of operators (constants) are not parameters and are not read.
 *
 * @throws `bad-file`, `unsupported`, `limit`, `missing-data` when external data are not there
 */
export async function readOnnx(source: ByteSource, { folder }: ReadOptions): Promise<Checkpoint> {
  const reader = createProtobufReader(source);
  const collected: Collected = {
    sources: [source],
    entries: new Map(),
    leftOut: [],
    problems: [],
    external: new Map(),
  };
  try {
    for await (const field of protobufFields(reader, 0, source.size)) {
      if (field.number !== GRAPH || field.wire !== WIRE.bytes) continue;
      for await (const member of protobufFields(reader, field.start, field.end)) {
        if (member.number === SPARSE_INITIALIZER) {
          collected.problems.push(unsupported(source.name, "it has a sparse initialiser", "Store it as a dense one."));
        }
        if (member.number !== INITIALIZER || member.wire !== WIRE.bytes) continue;
        await addTensor(await parseTensorProto(reader, member), { reader, folder, collected });
      }
    }
    throwProblems(collected.problems, source.name);
  } catch (error) {
    await Promise.all(collected.sources.slice(1).map((opened) => opened.close?.()));
    throw error;
  }
  const { sources, entries, leftOut } = collected;
  return { name: source.name, format: "onnx", sources, entries, metadata: {}, notes: leftOutNotes(leftOut) };
}

interface Collected {
  readonly sources: ByteSource[];
  readonly entries: Map<string, TensorEntry>;
  readonly leftOut: string[];
  readonly problems: OnebasinError[];
  /** Index in `sources` of each external file, by name. */
  readonly external: Map<string, number>;
}

interface AddContext {
  readonly reader: ProtobufReader;
  readonly folder: SourceFolder | undefined;
  readonly collected: Collected;
}

async function addTensor(tensor: TensorProto, context: AddContext): Promise<void> {
  const { entries, leftOut, problems } = context.collected;
  const { name: key, shape, dataType } = tensor;
  if (dataType === ONNX_TEXT) {
    leftOut.push(key);
    return;
  }
  try {
    const dtype = ONNX_DTYPES[dataType];
    if (dtype === undefined) throw refusal("unsupported", `has ONNX dtype ${dataType}, which onebasin does not read`);
    const bytes = checkedTensorBytes(shape, dtype);
    if (bytes === undefined) throw refusal("bad-file", `has shape ${shapeText(shape)}, which cannot be`);
    if (entries.has(key)) throw refusal("bad-file", "is there twice");
    const place = await locateNumbers(tensor, { ...context, dtype });
    if (place.bytes !== bytes) {
      throw refusal("bad-file", `has ${place.bytes} bytes; its shape ${shapeText(shape)} takes ${bytes}`);
    }
    entries.set(key, { key, dtype, shape, source: place.source, offset: place.offset });
  } catch (error) {
    if (!(error instanceof OnebasinError)) throw error;
    const message = `${context.reader.source.name}: initialiser ${quoted(key)} ${error.message}.`;
    problems.push(new OnebasinError(error.code, message, { hint: error.hint, details: { key } }));
  }
}

const refusal = (code: "bad-file" | "unsupported", clause: string) => new OnebasinError(code, clause);

interface NumbersPlace {
  readonly source: number;
  readonly offset: number;
  readonly bytes: number;
}

async function locateNumbers(
  tensor: TensorProto,
  context: AddContext & { readonly dtype: TensorEntry["dtype"] },
): Promise<NumbersPlace> {
  const { rawData, typedData, isExternal, external } = tensor;
  if (isExternal) return locateExternal(external, context);
  if (rawData !== undefined) return { source: 0, offset: rawData.start, bytes: rawData.end - rawData.start };
  const field = typedFieldOf(context.dtype);
  const pieces = typedData.get(field) ?? [];
  if (pieces.length === 1 && isFixedWidth(field)) {
    return { source: 0, offset: pieces[0].start, bytes: pieces[0].end - pieces[0].start };
  }
  const decoded = await decodeTypedData(context.reader, pieces, context.dtype);
  context.collected.sources.push(bytesSource(`${context.reader.source.name}/${tensor.name}`, decoded));
  return { source: context.collected.sources.length - 1, offset: 0, bytes: decoded.length };
}

async function locateExternal(
  external: ReadonlyMap<string, string>,
  { folder, collected }: AddContext,
): Promise<NumbersPlace> {
  const location = external.get("location") ?? "";
  if (folder === undefined) {
    throw new OnebasinError("missing-data", `is in the file ${quoted(location)}, and the model was given alone`);
  }
  let index = collected.external.get(location);
  if (index === undefined) {
    index = collected.sources.length;
    collected.sources.push(await folder.open(location));
    collected.external.set(location, index);
  }
  const { size } = collected.sources[index];
  const offset = Number(external.get("offset") ?? 0);
  const bytes = Number(external.get("length") ?? size - offset);
  if (!isSize(offset) || !isSize(bytes) || offset + bytes > size) {
    throw refusal("bad-file", `lies outside of ${quoted(location)}`);
  }
  return { source: index, offset, bytes };
}
