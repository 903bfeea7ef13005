import { access, constants, stat } from "node:fs/promises";
import { basename, dirname, resolve } from "node:path";
import { writableFormat } from "../library/writable-format.js";
import { writeError } from "./job-io.js";
import { fileInTheWay } from "./make-folder.js";
import { refuseToReplace } from "./refuse-to-replace.js";

/**
 * Refuses a path that no checkpoint could be written to. Asked before long work, whose result would be lost.
 *
 * @throws `bad-argument` for an extension of no format, `io` as {@link checkOutputFile}
 */
export async function checkOutputCheckpoint(path: string): Promise<void> {
  await checkOutputFile(path);
  writableFormat(basename(path));
}

/**
 * Refuses a path that no file could be written to.
 *
 * @throws `io` when something is there that must not be replaced, or its folder cannot be made or written to
 */
export async function checkOutputFile(path: string): Promise<void> {
  await refuseToReplace(path, []);
  await checkOutputFolder(dirname(path));
}

/**
 * Refuses a path that no folder could be made at. Nothing is made yet.
 *
 * @throws `io`
 */
export async function checkOutputFolder(folder: string): Promise<void> {
  for (let place = resolve(folder); ; place = dirname(place)) {
    const info = await stat(place).catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT" || error.code === "ENOTDIR") return undefined;
      throw writeError(folder, error);
    });
    if (info === undefined) continue;
    if (!info.isDirectory()) throw fileInTheWay(folder);
    await access(place, constants.W_OK).catch((error: unknown) => {
      throw writeError(folder, error);
    });
    return;
  }
}
