import { type OnebasinError, throwProblems } from "../../core/errors.js";
import { dtypeBytes } from "../../tensor/dtype.js";
import { shapeText } from "../../tensor/shape.js";
import type { ByteSource } from "../byte-source.js";
import type { Checkpoint, TensorEntry } from "../checkpoint.js";
import { badFile, overLimit, quoted, unsupported } from "../file-errors.js";
import { type Json, parseStrictJson } from "../strict-json.js";
import { checkedTensorBytes, isSize } from "../tensor-size.js";
import { SAFETENSORS_DTYPES } from "./dtypes.js";

/** safetensors' own limit; a million tensors need less. */
const MAX_HEADER_BYTES = 100_000_000;
const LENGTH_BYTES = 8;
const METADATA_KEY = "__metadata__";
const FIELDS = ["dtype", "shape", "data_offsets"];

/**
 * Reads the header and checks every rule of the format: tensors cover the rest of the file exactly, without
 * holes and without overlap, and each is as long as its shape and dtype say.
 *
 * @throws `bad-file`, `unsupported` for a dtype that onebasin does not know, `limit`
 */
export async function readSafetensors(source: ByteSource): Promise<Checkpoint> {
  const { members, dataStart } = await readHeader(source);
  const problems: OnebasinError[] = [];
  const entries = new Map<string, TensorEntry>();
  for (const [key, value] of members) {
    if (key === METADATA_KEY) continue;
    const entry = parseEntry(value, { key, name: source.name, dataStart, problems });
    if (entry !== undefined) entries.set(key, entry);
  }
  const metadata = parseMetadata(members.get(METADATA_KEY), source.name, problems);
  // Where tensors lie is only worth checking once each is known to be well formed.
  if (problems.length === 0) checkCoverage(source, { entries, dataStart, problems });
  throwProblems(problems, source.name);
  return { name: source.name, format: "safetensors", sources: [source], entries, metadata, notes: [] };
}

async function readHeader(source: ByteSource) {
  const { name } = source;
  const prefix = await source.read(0, LENGTH_BYTES);
  const length = new DataView(prefix.buffer, prefix.byteOffset).getBigUint64(0, true);
  if (length > BigInt(MAX_HEADER_BYTES)) {
    throw overLimit(name, `its header claims ${length} bytes; safetensors allows ${MAX_HEADER_BYTES}`);
  }
  const header = await source.read(LENGTH_BYTES, Number(length));
  if (header[0] !== 0x7b) throw badFile(name, 'its header does not begin with "{"');
  const members = parseStrictJson(header, name);
  if (!(members instanceof Map)) throw badFile(name, "its header is not a JSON object");
  return { members: members as ReadonlyMap<string, Json>, dataStart: LENGTH_BYTES + Number(length) };
}

interface EntryContext {
  readonly key: string;
  readonly name: string;
  readonly dataStart: number;
  readonly problems: OnebasinError[];
}

function parseEntry(value: Json, { key, name, dataStart, problems }: EntryContext): TensorEntry | undefined {
  const refuse = (message: string) => {
    problems.push(badFile(name, `tensor ${quoted(key)} ${message}`, { key }));
    return undefined;
  };
  if (!(value instanceof Map)) return refuse("is not described by a JSON object");
  const fields = value as ReadonlyMap<string, Json>;
  const missing = FIELDS.filter((field) => !fields.has(field));
  if (missing.length > 0) return refuse(`has no ${missing.join(", no ")}`);
  const dtypeName = fields.get("dtype");
  if (typeof dtypeName !== "string") return refuse("has a dtype that is not text");
  if (!Object.hasOwn(SAFETENSORS_DTYPES, dtypeName)) {
    problems.push(unsupported(name, `tensor ${quoted(key)} has dtype ${quoted(dtypeName)}`, DTYPE_HINT));
    return undefined;
  }
  const dtype = SAFETENSORS_DTYPES[dtypeName];
  const shape = fields.get("shape");
  if (!Array.isArray(shape) || !shape.every(isSize)) return refuse("has a shape that is not a list of sizes");
  const bytes = checkedTensorBytes(shape, dtype);
  if (bytes === undefined) return refuse(`has shape ${shapeText(shape)}, too large to be real`);
  const offsets = fields.get("data_offsets");
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isSize)) {
    return refuse("has data_offsets that are not two positions");
  }
  const [begin, end] = offsets as number[];
  if (end - begin !== bytes) {
    return refuse(
      `spans bytes ${begin} to ${end}; shape ${shapeText(shape)} in ${dtypeBytes(dtype)}-byte ${dtypeName} takes ${bytes}`,
    );
  }
  return { key, dtype, shape, source: 0, offset: dataStart + begin };
}

const DTYPE_HINT = `onebasin reads ${Object.keys(SAFETENSORS_DTYPES).join(", ")}.`;

function parseMetadata(value: Json | undefined, name: string, problems: OnebasinError[]): Record<string, string> {
  if (value === undefined || value === null) return {};
  if (!(value instanceof Map) || [...value.values()].some((text) => typeof text !== "string")) {
    problems.push(badFile(name, `its ${METADATA_KEY} does not map text to text`));
    return {};
  }
  return Object.fromEntries(value) as Record<string, string>;
}

interface Coverage {
  readonly entries: ReadonlyMap<string, TensorEntry>;
  readonly dataStart: number;
  readonly problems: OnebasinError[];
}

function checkCoverage(source: ByteSource, { entries, dataStart, problems }: Coverage): void {
  const refuse = (message: string) => problems.push(badFile(source.name, message));
  const spans = [...entries.values()]
    .map((entry) => ({ key: entry.key, begin: entry.offset, end: entry.offset + spanBytes(entry) }))
    .sort((a, b) => a.begin - b.begin || a.end - b.end);
  let reached = dataStart;
  for (const { key, begin, end } of spans) {
    if (begin > reached) refuse(`${begin - reached} bytes before tensor ${quoted(key)} belong to no tensor`);
    if (begin < reached) refuse(`tensor ${quoted(key)} overlaps the one before it by ${reached - begin} bytes`);
    reached = end;
  }
  if (reached > source.size) {
    refuse(`it ends early: its tensors reach byte ${reached}, the file has ${source.size}`);
  } else if (reached < source.size) {
    refuse(`its last ${source.size - reached} bytes belong to no tensor`);
  }
}

function spanBytes({ shape, dtype }: TensorEntry): number {
  return checkedTensorBytes(shape, dtype) ?? 0;
}
