import { realpath, stat } from "node:fs/promises";
import { OnebasinError } from "../core/errors.js";

const ANYONE_MAY_WRITE = 0o222;

/**
 * Refuses a path at which no file may be written.
 *
 * @param inputs paths that are read for the output
 * @throws `io` when a folder, a device, a read-only file or one of the inputs is there
 */
export async function refuseToReplace(path: string, inputs: readonly string[]): Promise<void> {
  const info = await stat(path).catch(() => undefined);
  if (info === undefined) return;
  if (!info.isFile()) {
    const kind = info.isDirectory() ? "folder" : "device";
    throw new OnebasinError("io", `${path} is a ${kind}; a file is to be written there.`, {
      hint: "Name a file, such as merged.safetensors.",
    });
  }
  // A rename does not mind the mode of the file it replaces, so it is looked at here.
  if ((info.mode & ANYONE_MAY_WRITE) === 0) {
    throw new OnebasinError("io", `${path} is there already and is read-only.`, { hint: "Write to another name." });
  }
  const place = await realpath(path);
  const isInput = await Promise.all(inputs.map(async (input) => (await realpath(input).catch(() => input)) === place));
  if (isInput.includes(true)) {
    throw new OnebasinError("io", `${path} is one of the files that are read; it would be lost.`, {
      hint: "Write to another name.",
    });
  }
}
