import { type FileHandle, open, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { type ByteSource, endOfSource, type SourceFolder } from "../checkpoint/byte-source.js";
import { OnebasinError } from "../core/errors.js";

/** Largest single read that every platform accepts; longer ones are made of several. */
const MAX_READ = 2 ** 30;

/**
 * A local file, for reading at any place. The file is opened by the first read and closed by `close`; a later read
 * opens it again.
 *
 * @throws `missing-data` when there is no such file, `bad-argument` when it is a folder or a device, `io`
 */
export async function openFileSource(path: string): Promise<ByteSource> {
  // Looked at first: opening a pipe would wait for somebody to write to it.
  const info = await stat(path).catch((error: unknown) => Promise.reject(fileError(path, error)));
  if (!info.isFile()) {
    throw new OnebasinError("bad-argument", `${path} is a ${info.isDirectory() ? "folder" : "device"}, not a file.`);
  }
  let handle: Promise<FileHandle> | undefined;
  return {
    name: path,
    path,
    size: info.size,
    read: async (offset, length) => {
      handle ??= open(path, "r").catch((error: unknown) => Promise.reject(fileError(path, error)));
      return readFully(await handle, { path, size: info.size, offset, length });
    },
    close: async () => {
      const closing = handle;
      handle = undefined;
      await (await closing)?.close();
    },
  };
}

interface FileRange {
  readonly path: string;
  readonly size: number;
  readonly offset: number;
  readonly length: number;
}

async function readFully(handle: FileHandle, { path, size, offset, length }: FileRange): Promise<Uint8Array> {
  if (!(offset >= 0 && length >= 0 && offset + length <= size)) throw endOfSource(path, size, offset, length);
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  let done = 0;
  while (done < length) {
    const part = await handle
      .read(bytes, done, Math.min(length - done, MAX_READ), offset + done)
      .catch((error: unknown) => Promise.reject(fileError(path, error)));
    if (part.bytesRead === 0) throw endOfSource(path, offset + done, offset, length);
    done += part.bytesRead;
  }
  return bytes;
}

/**
 * The folder that holds `path`, from which files are opened by plain name. Names come from files of strangers,
 * so one that could lead elsewhere is refused.
 */
export function folderOf(path: string): SourceFolder {
  const folder = dirname(path);
  return {
    open: async (fileName) => {
      if (!isPlainName(fileName)) {
        throw new OnebasinError("bad-file", `${path} points at ${JSON.stringify(fileName)}, outside its own folder.`, {
          hint: "Files that belong together must lie in one folder and be named without a path.",
          details: { path, fileName },
        });
      }
      return openFileSource(join(folder, fileName));
    },
  };
}

function isPlainName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !/[/\\:\0]/.test(name) && basename(name) === name;
}

function fileError(path: string, cause: unknown): OnebasinError {
  const code = (cause as NodeJS.ErrnoException).code;
  const details = { path, code };
  if (code === "ENOENT" || code === "ENOTDIR") {
    return new OnebasinError("missing-data", `There is no file ${path}.`, { details, cause });
  }
  const reason = code === "EACCES" || code === "EPERM" ? "permission denied" : String((cause as Error).message);
  return new OnebasinError("io", `${path} cannot be read: ${reason}.`, { details, cause });
}
