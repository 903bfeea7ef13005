import { OnebasinError } from "../core/errors.js";
import type { ByteSource } from "./byte-source.js";
import type { Checkpoint } from "./checkpoint.js";
import { type CheckpointFormat, HEAD_BYTES, type ReadOptions } from "./format.js";
import { formats } from "./formats.gen.js";
import { looksLike } from "./looks-like.js";
import { INDEX_ENDING, openShards } from "./open-shards.js";

/** The name that Hugging Face libraries give to one of several files. */
const SHARD_NAME = /-\d{5}-of-(\d{5})\.[a-z]+$/;

/**
 * Opens a checkpoint of any known format, recognised by its bytes, or all files of the index of a sharded one.
 * Only headers are read; the source stays in use until `closeCheckpoint`, and stays the caller's when this throws.
 *
 * @throws `bad-file`, `unsafe-file`, `unsupported`, `limit`, `bad-argument` when a file holds several models and
 *   `entry` does not choose, `unknown-name` when `entry` is not there, `missing-data` when shards are not there
 */
export async function openCheckpoint(source: ByteSource, options: ReadOptions = {}): Promise<Checkpoint> {
  if (source.name.endsWith(INDEX_ENDING)) {
    const openShard = (shard: ByteSource) => readCheckpoint(shard, { entry: options.entry });
    return openShards(source, { folder: options.folder, openShard });
  }
  const checkpoint = await readCheckpoint(source, options);
  const [, count] = SHARD_NAME.exec(source.name) ?? [];
  if (count === undefined || Number(count) === 1) return checkpoint;
  const note = `This is one of ${Number(count)} files; open their index (…${INDEX_ENDING}) or their folder for all.`;
  return { ...checkpoint, notes: [...checkpoint.notes, note] };
}

async function readCheckpoint(source: ByteSource, options: ReadOptions): Promise<Checkpoint> {
  const head = await source.read(0, Math.min(HEAD_BYTES, source.size));
  const format = recogniseFormat(head, source);
  const checkpoint = await format.read(source, options);
  if (options.entry === undefined || format.nests === true) return checkpoint;
  const note = `${format.title} files hold one model only; the entry "${options.entry}" was not looked for.`;
  return { ...checkpoint, notes: [...checkpoint.notes, note] };
}

function recogniseFormat(head: Uint8Array, source: ByteSource): CheckpointFormat {
  const format = formats.find(({ matches }) => matches(head, source));
  if (format !== undefined) return format;
  const looks = looksLike(head, source);
  // A name is a weak sign, but the format it points at can say what is wrong with the file.
  const named = formats.find(({ extensions }) => extensions.some((end) => source.name.toLowerCase().endsWith(end)));
  if (looks === undefined && named !== undefined) return named;
  throw new OnebasinError(
    "bad-file",
    `${source.name} is not a checkpoint${looks === undefined ? "" : `: it looks like ${looks.what}`}.`,
    {
      hint: looks?.hint ?? `Checkpoints are read from ${formats.map(({ title }) => title).join(", ")} files.`,
      details: { name: source.name, size: source.size },
    },
  );
}
