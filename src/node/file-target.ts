import { randomBytes } from "node:crypto";
import { open, rename, rm, statfs } from "node:fs/promises";
import { join } from "node:path";
import type { OutputFile } from "../checkpoint/layout.js";
import { OnebasinError } from "../core/errors.js";
import type { OutputTarget } from "../merge/execute/output-target.js";
import { createFileJobIO, writeError } from "./job-io.js";
import { keptAtMost } from "./kept-at-most.js";
import { makeFolder } from "./make-folder.js";
import { openFileBackend, type ThreadOptions } from "./open-file-backend.js";
import { refuseToReplace } from "./refuse-to-replace.js";

export interface FileTargetOptions extends ThreadOptions {
  /** Use what an earlier attempt left behind, and leave behind what this one makes, under names that do not change. */
  readonly resume?: boolean;
  /** Paths that are read for this output, and so must not be replaced by it. */
  readonly inputs?: readonly string[];
}

/** Where a file of a resumable output is written until all is complete. */
export const partialPath = (folder: string, name: string): string => join(folder, `.${name}.partial`);

/**
 * Output files in a folder, written beside their final place under temporary names and renamed at the end.
 *
 * @throws `io` when the folder cannot be written to, the disk has too little room, or a file is in the way that must
 * not be replaced: an input of this output, one that is read-only, a folder or a device
 */
export async function createFileTarget(
  folder: string,
  files: readonly OutputFile[],
  options: FileTargetOptions = {},
): Promise<OutputTarget> {
  // Random, because several machines may write to one folder.
  const ending = `${process.pid}-${randomBytes(4).toString("hex")}.partial`;
  const targets = files.map(({ name }) => join(folder, name));
  const temporary = files.map(({ name }) =>
    options.resume ? partialPath(folder, name) : join(folder, `.${name}.${ending}`),
  );
  const abort = async (): Promise<void> => {
    if (options.resume) return;
    await Promise.all(temporary.map((path) => rm(path, { force: true })));
  };
  try {
    await makeFolder(folder);
    for (const path of targets) await refuseToReplace(path, options.inputs ?? []);
    await checkRoom(
      folder,
      files.reduce((total, { size }) => total + size, 0),
    );
    for (const [i, { size }] of files.entries()) await createSized(temporary[i], size, options.resume ? "a" : "w");
  } catch (error) {
    await abort();
    throw error instanceof OnebasinError ? error : writeError(targets[0] ?? folder, error);
  }
  const io = createFileJobIO([], temporary);
  return {
    mostKept: keptAtMost(options),
    write: io.write,
    openBackend: (sources, work) => openFileBackend(sources, temporary, { ...options, ...work }),
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

/** Bytes that are there stay when the file is opened to append. */
async function createSized(path: string, size: number, flags: "a" | "w"): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.truncate(size);
  } finally {
    await handle.close();
  }
}
