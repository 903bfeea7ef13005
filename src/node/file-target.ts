import { mkdir, open, rename, rm, stat, statfs } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import type { ByteSource } from "../checkpoint/byte-source.js";
import type { OutputFile } from "../checkpoint/layout.js";
import { OnebasinError } from "../core/errors.js";
import type { JobBackend } from "../merge/execute/job.js";
import { createLocalBackend } from "../merge/execute/local-backend.js";
import type { OutputTarget } from "../merge/execute/output-target.js";
import { sourceIO } from "../merge/execute/source-io.js";
import { createFileJobIO, type SharedSource, writeError } from "./job-io.js";
import { createWorkerBackend } from "./worker-backend.js";

export const DEFAULT_MEMORY = 512 * 2 ** 20;

/** What Node and the program itself take, before any tensor: measured, rounded up. */
const BASE_MEMORY = 96 * 2 ** 20;
/** What one more thread takes, before any tensor. */
const THREAD_MEMORY = 24 * 2 ** 20;
/** Work below this is done before a second thread has started. */
const BYTES_PER_THREAD = 32 * 2 ** 20;

export interface FileTargetOptions {
  /** Threads at most; the machine's cores unless told. */
  readonly threads?: number;
  /** Bytes of memory that the whole process may take; at least one thread is always used. */
  readonly memory?: number;
}

/**
 * Output files in a folder, written beside their final place under temporary names and renamed at the end.
 *
 * @throws `io` when the folder cannot be written to or the disk has too little room
 */
export async function createFileTarget(
  folder: string,
  files: readonly OutputFile[],
  options: FileTargetOptions = {},
): Promise<OutputTarget> {
  const targets = files.map(({ name }) => join(folder, name));
  const temporary = files.map(({ name }) => join(folder, `.${name}.${process.pid}.partial`));
  const abort = async (): Promise<void> => {
    await Promise.all(temporary.map((path) => rm(path, { force: true })));
  };
  try {
    await mkdir(folder, { recursive: true });
    for (const path of targets) await refuseFolder(path);
    await checkRoom(
      folder,
      files.reduce((total, { size }) => total + size, 0),
    );
    for (const [i, { size }] of files.entries()) await createEmpty(temporary[i], size);
  } catch (error) {
    await abort();
    throw error instanceof OnebasinError ? error : writeError(targets[0] ?? folder, error);
  }
  const io = createFileJobIO([], temporary);
  return {
    write: io.write,
    openBackend: (sources, work) => openBackend(sources, temporary, { ...options, ...work }),
    commit: async () => {
      io.close();
      for (const [i, path] of temporary.entries()) {
        await rename(path, targets[i]).catch((error: unknown) => Promise.reject(writeError(targets[i], error)));
      }
    },
    abort: async () => {
      io.close();
      await abort();
    },
  };
}

async function refuseFolder(path: string): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined || info.isFile()) return;
  throw new OnebasinError(
    "io",
    `${path} is a ${info.isDirectory() ? "folder" : "device"}; a file is to be written there.`,
    {
      hint: "Name a file, such as merged.safetensors.",
    },
  );
}

async function checkRoom(folder: string, needed: number): Promise<void> {
  const room = await statfs(folder).catch(() => undefined);
  if (room === undefined || room.bavail * room.bsize >= needed) return;
  throw new OnebasinError(
    "io",
    `The output needs ${megabytes(needed)}, but the disk of ${folder} has ${megabytes(room.bavail * room.bsize)} left.`,
    { hint: "Free some space, or write to another disk. Nothing was written." },
  );
}

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 2 ** 20)} MiB`;

async function createEmpty(path: string, size: number): Promise<void> {
  const handle = await open(path, "w");
  await handle.truncate(size);
  await handle.close();
}

async function openBackend(
  sources: readonly ByteSource[],
  files: readonly string[],
  work: FileTargetOptions & { readonly bytes: number; readonly memoryPerJob: number },
): Promise<JobBackend> {
  const shared = sources.map(shareSource);
  const threads = threadCount(work);
  if (shared.every((source) => source !== undefined)) {
    if (threads > 1) return createWorkerBackend(threads, { sources: shared, files });
    return createLocalBackend(createFileJobIO(shared, files));
  }
  // A source that only this thread can read (a remote file): one thread does all.
  const writing = createFileJobIO([], files);
  return createLocalBackend({ ...sourceIO(sources), write: writing.write, close: writing.close });
}

function shareSource({ name, path, bytes }: ByteSource): SharedSource | undefined {
  if (path !== undefined) return { path };
  if (bytes === undefined) return undefined;
  const shared = new SharedArrayBuffer(bytes.byteLength);
  new Uint8Array(shared).set(bytes);
  return { name, bytes: shared };
}

/** @throws `limit` when not even one thread fits into the memory that was allowed */
function threadCount({
  threads,
  memory = DEFAULT_MEMORY,
  bytes,
  memoryPerJob,
}: FileTargetOptions & { bytes: number; memoryPerJob: number }): number {
  const wanted = Math.max(1, threads ?? availableParallelism());
  const useful = Math.max(1, Math.ceil(bytes / BYTES_PER_THREAD));
  const affordable = Math.floor((memory - BASE_MEMORY) / (THREAD_MEMORY + memoryPerJob));
  if (affordable < 1) {
    const least = BASE_MEMORY + THREAD_MEMORY + memoryPerJob;
    throw new OnebasinError(
      "limit",
      `This merge needs ${megabytes(least)} of memory; ${megabytes(memory)} were allowed.`,
      {
        hint: `Allow more: --memory ${megabytes(least).replace(" ", "")}`,
      },
    );
  }
  return Math.min(wanted, useful, affordable);
}
