import { type ByteSource, bytesSource } from "../byte-source.js";
import { badFile, quoted, unsupported } from "../file-errors.js";
import { unpickle } from "../pickle/unpickle.js";
import { parseStrictJson } from "../strict-json.js";
import { readZipDirectory, type ZipDirectory, type ZipEntry } from "../zip/read-directory.js";
import { entryDataOffset, MAX_INFLATED_BYTES, readZipEntry } from "../zip/read-entry.js";
import { type LocatedStorages, MAX_PICKLE_BYTES, type StoragePlace, type TorchArchive } from "./archive.js";
import { METADATA_NAME } from "./layout.js";
import type { StorageReference } from "./parse-tensor.js";

const PICKLE_NAME = "data.pkl";
/** Says "little" or "big". */
const MAX_BYTEORDER_BYTES = 16;
/** As much as a safetensors header may hold. */
const MAX_METADATA_BYTES = 100_000_000;

/**
 * Opens what `torch.save` writes since PyTorch 1.6 (and `torch.jit.save`): a zip file with one folder that holds
 * a pickle and one file per storage.
 *
 * @throws `bad-file`, `unsafe-file`, `unsupported` for big-endian files, `limit`
 */
export async function readZipArchive(source: ByteSource): Promise<TorchArchive> {
  const directory = await readZipDirectory(source);
  const root = findRoot(directory);
  await refuseBigEndian(directory, root);
  const pickle = await readZipEntry(directory, entryNamed(directory, `${root}${PICKLE_NAME}`), MAX_PICKLE_BYTES);
  return {
    value: unpickle(pickle, { name: source.name }).value,
    metadata: await readMetadata(directory, root),
    isTorchScript: directory.entries.has(`${root}constants.pkl`),
    locate: (storages) => locateStorages(directory, root, storages),
  };
}

/** The folder of the pickle, with its slash; its name is that of the file when it was saved. */
function findRoot({ entries, source }: ZipDirectory): string {
  const roots = [...entries.keys()]
    .filter((name) => name === PICKLE_NAME || name.endsWith(`/${PICKLE_NAME}`))
    .map((name) => name.slice(0, -PICKLE_NAME.length));
  const [root] = roots.sort((a, b) => a.length - b.length);
  if (root === undefined)
    throw badFile(source.name, `it is a zip file without ${PICKLE_NAME}, so not a PyTorch checkpoint`);
  return root;
}

function entryNamed({ entries, source }: ZipDirectory, name: string): ZipEntry {
  const entry = entries.get(name);
  if (entry === undefined) throw badFile(source.name, `zip entry ${quoted(name)} is missing`);
  return entry;
}

async function refuseBigEndian(directory: ZipDirectory, root: string): Promise<void> {
  const entry = directory.entries.get(`${root}byteorder`);
  if (entry === undefined) return;
  const order = new TextDecoder().decode(await readZipEntry(directory, entry, MAX_BYTEORDER_BYTES));
  if (order === "little") return;
  throw unsupported(
    directory.source.name,
    `its numbers are in byte order ${quoted(order)}`,
    "Load and save it again in PyTorch on a little-endian machine, that is on any common one.",
  );
}

/** Text pairs that onebasin left beside the pickle; a file of that name from elsewhere is not looked into. */
async function readMetadata(directory: ZipDirectory, root: string): Promise<Record<string, string>> {
  const entry = directory.entries.get(`${root}${METADATA_NAME}`);
  if (entry === undefined || entry.size > MAX_METADATA_BYTES) return {};
  const { name } = directory.source;
  const pairs = parseStrictJson(await readZipEntry(directory, entry, MAX_METADATA_BYTES), name);
  if (!(pairs instanceof Map) || [...pairs.values()].some((text) => typeof text !== "string")) return {};
  return Object.fromEntries(pairs);
}

async function locateStorages(
  directory: ZipDirectory,
  root: string,
  storages: readonly StorageReference[],
): Promise<LocatedStorages> {
  const sources: ByteSource[] = [directory.source];
  const places = new Map<string, StoragePlace>();
  let room = MAX_INFLATED_BYTES;
  for (const { key } of storages) {
    if (places.has(key)) continue;
    const entry = entryNamed(directory, `${root}data/${key}`);
    if (entry.deflated) {
      const bytes = await readZipEntry(directory, entry, room);
      room -= bytes.length;
      places.set(key, { source: sources.length, offset: 0, bytes: bytes.length });
      sources.push(bytesSource(`${directory.source.name}/${entry.name}`, bytes));
    } else {
      places.set(key, { source: 0, offset: await entryDataOffset(directory, entry), bytes: entry.size });
    }
  }
  return { sources, places };
}
