import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Checkpoint } from "../checkpoint/checkpoint.js";
import { formats } from "../checkpoint/formats.gen.js";
import { openCheckpoint } from "../checkpoint/open-checkpoint.js";
import { INDEX_ENDING } from "../checkpoint/open-shards.js";
import { OnebasinError } from "../core/errors.js";
import { folderOf, openFileSource } from "./file-source.js";

/** What Hugging Face libraries look for in the folder of a model, in this order. */
export const USUAL_NAMES = [
  "model.safetensors.index.json",
  "model.safetensors",
  "pytorch_model.bin.index.json",
  "pytorch_model.bin",
];
/** Names shown when a folder holds several checkpoints. */
const MAX_LISTED = 20;

/**
 * Opens a checkpoint by its path: a file of any known format, the index of a sharded one, or a folder that holds
 * one checkpoint.
 *
 * @throws as `openCheckpoint`, and `missing-data` or `bad-argument` when a folder holds none or several
 */
export async function openPath(path: string, { entry }: { readonly entry?: string } = {}): Promise<Checkpoint> {
  const info = await stat(path).catch(() => undefined);
  const filePath = info?.isDirectory() ? await checkpointIn(path) : path;
  const source = await openFileSource(filePath);
  try {
    return await openCheckpoint(source, { entry, folder: folderOf(filePath) });
  } catch (error) {
    await source.close?.();
    throw error;
  }
}

async function checkpointIn(folder: string): Promise<string> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new OnebasinError("io", `The folder ${folder} cannot be read: ${(cause as Error).message}.`, { cause });
  });
  names.sort();
  const usual = USUAL_NAMES.find((name) => names.includes(name));
  if (usual !== undefined) return join(folder, usual);
  const indices = names.filter((name) => name.endsWith(INDEX_ENDING));
  const endings = formats.flatMap(({ extensions }) => extensions);
  const files = names.filter((name) => endings.some((ending) => name.toLowerCase().endsWith(ending)));
  const candidates = indices.length > 0 ? indices : files;
  if (candidates.length === 1) return join(folder, candidates[0]);
  if (candidates.length === 0) {
    throw new OnebasinError("missing-data", `The folder ${folder} holds no checkpoint.`, {
      hint: `Files that end in ${endings.join(", ")} or ${INDEX_ENDING} are looked for.`,
    });
  }
  const list = candidates.slice(0, MAX_LISTED).join(", ") + (candidates.length > MAX_LISTED ? ", …" : "");
  throw new OnebasinError("bad-argument", `The folder ${folder} holds ${candidates.length} checkpoints: ${list}.`, {
    hint: `Name one: ${join(folder, candidates[0])}`,
  });
}
