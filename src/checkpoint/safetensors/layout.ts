import { throwProblems } from "../../core/errors.js";
import { type DType, dtypeBytes } from "../../tensor/dtype.js";
import { elementCount } from "../../tensor/shape.js";
import { quoted, unsupported } from "../file-errors.js";
import type { LayoutOptions, OutputFile, OutputLayout, OutputTensor } from "../layout.js";
import { SAFETENSORS_DTYPES } from "./dtypes.js";

const EXTENSION = ".safetensors";
/** Tensors begin at a multiple of this, so that every element is aligned in a mapped file. */
const DATA_ALIGNMENT = 8;

const NAMES = new Map<DType, string>(Object.entries(SAFETENSORS_DTYPES).map(([name, dtype]) => [dtype, name]));

/**
 * Plans one safetensors file or, when `shardSize` is given and exceeded, several with an index.
 *
 * Keys stand in the header in the order given, so that a model keeps its order through the format. Their bytes
 * lie by size of element, largest first (the format has no padding, and so every element is aligned), and
 * otherwise in the order given, so that writing in order is writing forwards. Tied tensors are written once per
 * key: the format cannot share.
 *
 * @throws `unsupported` for dtypes that safetensors does not have
 */
export function layoutSafetensors(tensors: readonly OutputTensor[], options: LayoutOptions): OutputLayout {
  throwProblems(
    tensors.filter(({ dtype }) => !NAMES.has(dtype)).map(({ key, dtype }) => dtypeError(options.fileName, key, dtype)),
    options.fileName,
  );
  const shards = splitShards(tensors, options.shardSize ?? Number.POSITIVE_INFINITY);
  const metadata = { format: "pt", ...options.metadata };
  const placements = new Map<string, { file: number; position: number }>();
  const files = shards.map((shard, file) => {
    const planned = planFile(shard, { name: shardName(options.fileName, file, shards.length), metadata });
    for (const [key, position] of planned.positions) placements.set(key, { file, position });
    return planned.output;
  });
  if (shards.length > 1) files.push(indexFile(shards, files, options.fileName));
  return { files, placements };
}

function dtypeError(fileName: string, key: string, dtype: DType) {
  const hint = "Convert to another dtype, or write a .pth file.";
  return unsupported(fileName, `safetensors cannot store ${quoted(key)} as ${dtype}`, hint);
}

const bytesOf = ({ shape, dtype }: OutputTensor): number => elementCount(shape) * dtypeBytes(dtype);

/** Fills one shard after the other, in order; a tensor larger than a shard gets one to itself. */
function splitShards(tensors: readonly OutputTensor[], shardSize: number): OutputTensor[][] {
  const shards: OutputTensor[][] = [[]];
  let filled = 0;
  for (const tensor of tensors) {
    const bytes = bytesOf(tensor);
    if (filled + bytes > shardSize && shards[shards.length - 1].length > 0) {
      shards.push([]);
      filled = 0;
    }
    shards[shards.length - 1].push(tensor);
    filled += bytes;
  }
  return shards;
}

function shardName(fileName: string, shard: number, count: number): string {
  if (count === 1) return fileName;
  const number = (value: number) => String(value).padStart(5, "0");
  return `${stemOf(fileName)}-${number(shard + 1)}-of-${number(count)}${EXTENSION}`;
}

const stemOf = (fileName: string): string =>
  fileName.endsWith(EXTENSION) ? fileName.slice(0, -EXTENSION.length) : fileName;

interface FileOptions {
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
}

function planFile(tensors: readonly OutputTensor[], { name, metadata }: FileOptions) {
  const begins = new Map<string, number>();
  let end = 0;
  for (const tensor of tensors.toSorted((a, b) => dtypeBytes(b.dtype) - dtypeBytes(a.dtype))) {
    begins.set(tensor.key, end);
    end += bytesOf(tensor);
  }
  const header = headerBytes(tensors, begins, metadata);
  const positions = new Map([...begins].map(([key, begin]) => [key, header.length + begin]));
  const output: OutputFile = { name, size: header.length + end, segments: [{ position: 0, bytes: header }] };
  return { output, positions };
}

function headerBytes(
  tensors: readonly OutputTensor[],
  begins: ReadonlyMap<string, number>,
  metadata: Readonly<Record<string, string>>,
): Uint8Array {
  // Joined by hand: an object would put keys that look like numbers first.
  const members = tensors.map((tensor) => {
    const begin = begins.get(tensor.key) ?? 0;
    const value = {
      dtype: NAMES.get(tensor.dtype),
      shape: tensor.shape,
      data_offsets: [begin, begin + bytesOf(tensor)],
    };
    return `${JSON.stringify(tensor.key)}:${JSON.stringify(value)}`;
  });
  const json = new TextEncoder().encode(`{${[`"__metadata__":${JSON.stringify(metadata)}`, ...members].join(",")}}`);
  const length = Math.ceil(json.length / DATA_ALIGNMENT) * DATA_ALIGNMENT;
  const bytes = new Uint8Array(8 + length).fill(0x20);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(length), true);
  bytes.set(json, 8);
  return bytes;
}

/** `model.safetensors.index.json`, as Hugging Face libraries expect it. */
function indexFile(
  shards: readonly (readonly OutputTensor[])[],
  files: readonly OutputFile[],
  fileName: string,
): OutputFile {
  const total = shards.flat().reduce((sum, tensor) => sum + bytesOf(tensor), 0);
  const pairs = shards.flatMap((shard, i) =>
    shard.map(({ key }) => `    ${JSON.stringify(key)}: ${JSON.stringify(files[i].name)}`),
  );
  const text = `{\n  "metadata": {\n    "total_size": ${total}\n  },\n  "weight_map": {\n${pairs.join(",\n")}\n  }\n}\n`;
  const bytes = new TextEncoder().encode(text);
  return {
    name: `${stemOf(fileName)}${EXTENSION}.index.json`,
    size: bytes.length,
    segments: [{ position: 0, bytes }],
  };
}
