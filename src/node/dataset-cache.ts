import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { OnebasinError } from "../core/errors.js";
import type { OnProgress } from "../core/progress.js";
import type { DatasetEnvironment, DatasetFile, FilesRequest, OpenedFile } from "../data/dataset-environment.js";
import { dataFolder } from "./data-folder.js";
import { downloadFile } from "./download-file.js";
import { openFileSource } from "./file-source.js";
import { md5OfFile } from "./md5-of-file.js";

export interface DatasetCacheOptions {
  /** The folder with a subfolder for each dataset; default `dataFolder()`. */
  readonly folder?: string;
  /** Address to fetch from instead of the official ones: FILE of dataset ID is `mirror/ID/FILE`; default `$ONEBASIN_MIRROR`. */
  readonly mirror?: string;
  /** Whether to leave the network alone; default whether `$ONEBASIN_OFFLINE` is set. */
  readonly offline?: boolean;
  /** Longest silence of a server; milliseconds; default 30,000. */
  readonly timeout?: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** Datasets in a folder of this machine, fetched into it when they are asked for first. */
export function createDatasetCache(options: DatasetCacheOptions = {}): DatasetEnvironment {
  return {
    openDatasetFiles: (request) => openDatasetFiles(request, options),
    openFile: openFileSource,
    listFolder,
    joinPath: join,
  };
}

async function openDatasetFiles(request: FilesRequest, options: DatasetCacheOptions) {
  const folder = join(options.folder ?? dataFolder(), request.dataset);
  const located = await Promise.all(
    request.groups.map((group) => Promise.all(group.files.map((file) => locate(folder, file)))),
  );
  let group = located.findIndex((paths) => paths.every((path) => path !== undefined));
  if (group === -1) {
    group = request.groups.findIndex((candidate) => candidate.mirror !== undefined);
    if (group === -1) throw missingFiles(request, { folder, located });
    await fetchMissing(request, { folder, located, group, options });
  }
  const { files } = request.groups[group];
  const paths = await Promise.all(files.map(async (file) => (await locate(folder, file)) ?? join(folder, file.name)));
  return { group, files: await Promise.all(files.map((file, index) => openChecked(file, paths[index]))) };
}

/** The path of a file, or of the same file unpacked, when it lies in `folder`. */
async function locate(folder: string, { name }: DatasetFile): Promise<string | undefined> {
  for (const candidate of [name, unpackedName(name)]) {
    const path = join(folder, candidate);
    if (await stat(path).catch(() => undefined)) return path;
  }
  return undefined;
}

const unpackedName = (name: string): string => name.replace(/\.(gz|bz2)$/, "");

async function openChecked(file: DatasetFile, path: string): Promise<OpenedFile> {
  const source = await openFileSource(path);
  if (file.md5 === undefined || !path.endsWith(file.name)) return { source, check: "unknown" };
  const md5 = await md5OfFile(source);
  return { source, md5, check: md5 === file.md5 ? "official" : "other" };
}

interface Located {
  readonly folder: string;
  readonly located: readonly (readonly (string | undefined)[])[];
}

async function fetchMissing(
  request: FilesRequest,
  { folder, located, group, options }: Located & { group: number; options: DatasetCacheOptions },
): Promise<void> {
  const { mirror: override = process.env.ONEBASIN_MIRROR, offline = Boolean(process.env.ONEBASIN_OFFLINE) } = options;
  if (offline) throw missingFiles(request, { folder, located, reason: "The network is switched off." });
  const { mirror, files } = request.groups[group];
  const base = override ? `${override.replace(/\/$/, "")}/${request.dataset}/` : mirror;
  for (const [index, { name, md5 }] of files.entries()) {
    if (located[group][index] !== undefined) continue;
    const { timeout, onProgress, signal } = options;
    const path = join(folder, name);
    try {
      await downloadFile(`${base}${name}`, { path, md5, timeout, onProgress, signal });
    } catch (error) {
      const unreachable = error instanceof OnebasinError && error.code === "io" && error.details.path === undefined;
      throw unreachable ? missingFiles(request, { folder, located, reason: error.message, cause: error }) : error;
    }
  }
}

/** Says which files were looked for, where, and where they can be had. */
function missingFiles(
  { dataset, title, source, groups }: FilesRequest,
  { folder, located, reason, cause }: Located & { reason?: string; cause?: unknown },
): OnebasinError {
  const lacking = groups.map((group, index) =>
    group.files.filter((_, place) => located[index][place] === undefined).map((file) => file.name),
  );
  const looked = lacking.map((names) => names.join(", ")).join("; or ");
  const served = groups.find((group) => group.mirror !== undefined);
  const where =
    served === undefined
      ? (source ?? "")
      : `Get ${served.files.map((file) => `${served.mirror}${file.name}`).join(" and ")}${source === undefined ? "" : ` (${source})`}`;
  return new OnebasinError(
    "missing-data",
    `${title} is not in ${folder}: looked for ${looked}.${reason === undefined ? "" : ` ${reason}`}`,
    {
      hint: `${where.replace(/\.$/, "")}, and put it into ${folder}, or set ONEBASIN_DATA to a folder that has "${dataset}" in it.`,
      details: { dataset, folder, files: lacking },
      cause,
    },
  );
}

async function listFolder(path: string) {
  const entries = await readdir(path, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    const missing = cause.code === "ENOENT";
    throw new OnebasinError(
      missing ? "missing-data" : "io",
      missing ? `There is no folder ${path}.` : `${path} cannot be listed: ${cause.message}.`,
      { details: { path }, cause },
    );
  });
  const names = async (wanted: "isDirectory" | "isFile"): Promise<string[]> => {
    const kinds = await Promise.all(
      entries.map(async (entry) => (entry.isSymbolicLink() ? stat(join(path, entry.name)).catch(() => entry) : entry)),
    );
    return entries
      .filter((entry, index) => !entry.name.startsWith(".") && kinds[index][wanted]())
      .map((entry) => entry.name)
      .sort();
  };
  return { folders: await names("isDirectory"), files: await names("isFile") };
}
