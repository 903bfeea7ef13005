import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { OnebasinError } from "../core/errors.js";

/** Text files beside the weights of a model; the largest tokenizers take some tens of megabytes. */
const MAX_FILE_BYTES = 200_000_000;

/** Files that a tokenizer or a preprocessor consists of. */
const TOKENIZER_FILES = new Set([
  "tokenizer.json",
  "tokenizer_config.json",
  "tokenizer.model",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.json",
  "vocab.txt",
  "merges.txt",
  "spiece.model",
  "sentencepiece.bpe.model",
  "chat_template.jinja",
  "chat_template.json",
]);

/** Files that a model is run with, apart from its weights and its tokenizer. */
const MODEL_FILES = new Set([
  "config.json",
  "generation_config.json",
  "preprocessor_config.json",
  "processor_config.json",
]);

/** What lies beside the weights of a model, by file name. */
export interface ModelFiles {
  readonly model: ReadonlyMap<string, Uint8Array>;
  readonly tokenizer: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads the configuration and the tokenizer of a model's folder; nothing where the model is a single file.
 *
 * @throws `limit` for a file that is too large to be one of these
 */
export async function readModelFiles(path: string): Promise<ModelFiles> {
  const info = await stat(path).catch(() => undefined);
  const names = info?.isDirectory() ? (await readdir(path)).sort() : [];
  return sortModelFiles(names, async (name) => {
    const file = join(path, name);
    const { size } = await stat(file);
    if (size > MAX_FILE_BYTES) {
      throw new OnebasinError("limit", `${file} has ${size} bytes; at most ${MAX_FILE_BYTES} are copied along.`);
    }
    return readFile(file);
  });
}

/** Picks the files that belong to a model's configuration and to its tokenizer out of all names of a folder. */
export async function sortModelFiles(
  names: readonly string[],
  read: (name: string) => Promise<Uint8Array>,
): Promise<ModelFiles> {
  const pick = async (wanted: ReadonlySet<string>): Promise<Map<string, Uint8Array>> => {
    const files = new Map<string, Uint8Array>();
    for (const name of names) if (wanted.has(name)) files.set(name, await read(name));
    return files;
  };
  return { model: await pick(MODEL_FILES), tokenizer: await pick(TOKENIZER_FILES) };
}

/** Names under which architectures store how many layers they have. */
const LAYER_COUNTS = ["num_hidden_layers", "n_layer", "n_layers", "num_layers"];

/**
 * A model's `config.json` made true for a merged one.
 *
 * @param change.layers of the stack, when slices were stacked; @param change.dtype as PyTorch names it
 * @throws `bad-file` when it is not a JSON object
 */
export function correctConfig(
  bytes: Uint8Array,
  change: { readonly name: string; readonly layers?: number; readonly vocabulary?: number; readonly dtype?: string },
): Uint8Array {
  let config: Record<string, unknown>;
  try {
    config = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  } catch (cause) {
    throw new OnebasinError("bad-file", `${change.name} is not JSON.`, { cause });
  }
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new OnebasinError("bad-file", `${change.name} is not a JSON object.`);
  }
  const text = config.text_config as Record<string, unknown> | undefined;
  for (const part of [config, ...(typeof text === "object" && text !== null ? [text] : [])]) {
    for (const name of LAYER_COUNTS) if (change.layers !== undefined && name in part) part[name] = change.layers;
    if (change.layers !== undefined && Array.isArray(part.layer_types)) {
      part.layer_types = stretched(part.layer_types, change.layers);
    }
    if (change.vocabulary !== undefined && "vocab_size" in part) part.vocab_size = change.vocabulary;
    for (const name of ["torch_dtype", "dtype"])
      if (change.dtype !== undefined && name in part) part[name] = change.dtype;
  }
  return new TextEncoder().encode(`${JSON.stringify(config, null, 2)}\n`);
}

/** A pattern over the layers, repeated or cut to another count of them. */
const stretched = (pattern: readonly unknown[], count: number): unknown[] =>
  Array.from({ length: count }, (_, i) => pattern[i % Math.max(1, pattern.length)]);
