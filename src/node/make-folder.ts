import { mkdir } from "node:fs/promises";
import { OnebasinError } from "../core/errors.js";
import { writeError } from "./job-io.js";

/**
 * Makes a folder, and those that it lies in, where they are not there yet.
 *
 * @throws `io`
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== "EEXIST" && code !== "ENOTDIR") throw writeError(folder, cause);
    throw fileInTheWay(folder, cause);
  }
}

/** The error for a folder where a file is. */
export const fileInTheWay = (folder: string, cause?: unknown): OnebasinError =>
  new OnebasinError("io", `${folder} cannot be a folder: there is a file of that name, or on the way to it.`, {
    hint: "Name another folder.",
    cause,
  });
