import { OnebasinError, throwProblems } from "../core/errors.js";
import type { ByteSource, SourceFolder } from "./byte-source.js";
import { type Checkpoint, closeCheckpoint, type TensorEntry } from "./checkpoint.js";
import { badFile, overLimit, quoted } from "./file-errors.js";
import { parseStrictJson } from "./strict-json.js";

/** Ends the name of an index: `model.safetensors.index.json`, `pytorch_model.bin.index.json`. */
export const INDEX_ENDING = ".index.json";

/** As much as a safetensors header may hold; the index of a large model takes a megabyte. */
const MAX_INDEX_BYTES = 100_000_000;
/** The largest models come in some hundred shards, each of which stays open. */
const MAX_SHARDS = 2000;

export interface ShardOptions {
  readonly folder: SourceFolder | undefined;
  readonly openShard: (source: ByteSource) => Promise<Checkpoint>;
}

/**
 * Opens the shards that an index names and puts them together as one checkpoint. The index itself is closed.
 *
 * @throws `bad-file` with every disagreement between index and shards, `missing-data` when shards are not there
 */
export async function openShards(index: ByteSource, { folder, openShard }: ShardOptions): Promise<Checkpoint> {
  const keysOfFile = await readIndex(index);
  if (folder === undefined) {
    throw new OnebasinError("missing-data", `${index.name} is the index of ${keysOfFile.size} files, given alone.`, {
      hint: "Open it where its files lie beside it.",
    });
  }
  const problems: OnebasinError[] = [];
  const shards: Checkpoint[] = [];
  try {
    for (const [fileName, keys] of keysOfFile) {
      const shard = await openNamed(fileName, { folder, openShard }).catch((error: unknown) => {
        if (!(error instanceof OnebasinError)) throw error;
        problems.push(error);
      });
      if (!shard) continue;
      shards.push(shard);
      problems.push(...disagreements(index.name, fileName, { promised: keys, found: shard.entries }));
    }
    throwProblems(problems, index.name);
  } catch (error) {
    await Promise.all(shards.map(closeCheckpoint));
    throw error;
  }
  await index.close?.();
  return joinShards(index.name, shards);
}

/** The keys of each file, files in the order of their names. */
async function readIndex(index: ByteSource): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  if (index.size > MAX_INDEX_BYTES) {
    throw overLimit(index.name, `its ${index.size} bytes are over the limit of ${MAX_INDEX_BYTES}`);
  }
  const json = parseStrictJson(await index.read(0, index.size), index.name);
  const weightMap = json instanceof Map ? json.get("weight_map") : undefined;
  if (!(weightMap instanceof Map))
    throw badFile(index.name, 'it has no "weight_map", so is not the index of a checkpoint');
  const keysOfFile = new Map<string, Set<string>>();
  for (const [key, fileName] of weightMap) {
    if (typeof fileName !== "string") throw badFile(index.name, `its entry for ${quoted(key)} is not a file name`);
    const keys = keysOfFile.get(fileName) ?? new Set();
    keysOfFile.set(fileName, keys.add(key));
  }
  if (keysOfFile.size > MAX_SHARDS)
    throw overLimit(index.name, `it names ${keysOfFile.size} files, over ${MAX_SHARDS}`);
  return new Map([...keysOfFile].sort(([a], [b]) => (a < b ? -1 : 1)));
}

async function openNamed(
  fileName: string,
  { folder, openShard }: { readonly folder: SourceFolder; readonly openShard: ShardOptions["openShard"] },
): Promise<Checkpoint> {
  const source = await folder.open(fileName);
  try {
    return await openShard(source);
  } catch (error) {
    await source.close?.();
    throw error;
  }
}

interface Contents {
  readonly promised: ReadonlySet<string>;
  readonly found: ReadonlyMap<string, unknown>;
}

function disagreements(indexName: string, fileName: string, { promised, found }: Contents): OnebasinError[] {
  const missing = [...promised]
    .filter((key) => !found.has(key))
    .map((key) => badFile(indexName, `it says that ${fileName} holds ${quoted(key)}, which it does not`, { key }));
  const extra = [...found.keys()]
    .filter((key) => !promised.has(key))
    .map((key) => badFile(indexName, `it does not say that ${fileName} holds ${quoted(key)}, which it does`, { key }));
  return [...missing, ...extra];
}

function joinShards(name: string, shards: readonly Checkpoint[]): Checkpoint {
  const sources: ByteSource[] = [];
  const entries = new Map<string, TensorEntry>();
  for (const [i, shard] of shards.entries()) {
    for (const [key, entry] of shard.entries) {
      const tie = entry.tie === undefined ? {} : { tie: `${i}/${entry.tie}` };
      entries.set(key, { ...entry, ...tie, source: sources.length + entry.source });
    }
    sources.push(...shard.sources);
  }
  const versions = shards.flatMap(({ moduleVersions }) => [...(moduleVersions ?? [])]);
  return {
    name,
    format: shards[0]?.format ?? "safetensors",
    sources,
    entries,
    metadata: shards[0]?.metadata ?? {},
    ...(versions.length > 0 ? { moduleVersions: new Map(versions) } : {}),
    notes: shards.flatMap((shard) => shard.notes),
  };
}
