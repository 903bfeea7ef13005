import { type FileHandle, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { OnebasinError } from "../core/errors.js";
import type { OnProgress } from "../core/progress.js";
import { openFileSource } from "./file-source.js";
import { md5OfFile } from "./md5-of-file.js";
import { openRemoteFile, type RemoteFile } from "./open-remote-file.js";

export interface DownloadOptions {
  /** Where the file is put once it is complete and good; its folder is made. */
  readonly path: string;
  /** Lower-case hexadecimal; the download is taken as it is when absent. */
  readonly md5?: string;
  /** Longest silence of the server; milliseconds; default 30,000. */
  readonly timeout?: number;
  readonly onProgress?: OnProgress;
  readonly signal?: AbortSignal;
}

/** Requests in a row that bring nothing new before the download is given up. */
const MAX_IDLE_ATTEMPTS = 3;

/** Pause before a request that follows a cut connection; milliseconds, times the attempts that brought nothing. */
const RETRY_PAUSE = 300;

/** No dataset here is near it; protects the disk from a server that never stops. */
const MAX_DOWNLOAD_BYTES = 4 * 2 ** 30;

/**
 * Fetches a file over HTTP into `path`. Bytes gather in `path.part`, from where a later call goes on if this one is
 * cut off; the file gets its name only when its checksum is right.
 *
 * @throws {OnebasinError} `io` when the server cannot be reached, refuses, or keeps cutting the connection, or when
 * the disk does; `bad-file` when the checksum is wrong; `limit`, `aborted`
 */
export async function downloadFile(url: string, options: DownloadOptions): Promise<void> {
  const { path, md5 } = options;
  const part = `${path}.part`;
  await writing(path, () => mkdir(dirname(path), { recursive: true }));
  const resumed = (await sizeOf(part)) > 0;
  await fetchPart(url, part, options);
  let found = md5 === undefined ? undefined : await md5OfPart(part);
  if (found !== md5 && resumed) {
    // What was there from an earlier run may have been the fault: once more from the start.
    await rm(part, { force: true });
    await fetchPart(url, part, options);
    found = await md5OfPart(part);
  }
  if (found !== md5) {
    await rm(part, { force: true });
    throw new OnebasinError("bad-file", `${url} has the wrong checksum: MD5 ${found}, expected ${md5}.`, {
      hint: "The server sends another file than the one that was published, or a proxy an error page: get the file elsewhere.",
      details: { url, path, md5: found, expected: md5 },
    });
  }
  await writing(path, () => rename(part, path));
}

/** Gathers the whole file in `part`, asking again from where the connection was cut. */
async function fetchPart(url: string, part: string, options: DownloadOptions): Promise<void> {
  const handle = await writing(part, () => open(part, "a"));
  try {
    for (let idleAttempts = 0; ; ) {
      const before = (await handle.stat()).size;
      const failure = await fetchRest(url, handle, options);
      if (failure === undefined) return;
      idleAttempts = (await handle.stat()).size > before ? 0 : idleAttempts + 1;
      if (failure.code !== "io" || failure.details.final === true || idleAttempts >= MAX_IDLE_ATTEMPTS) throw failure;
      await new Promise((resolve) => setTimeout(resolve, RETRY_PAUSE * (idleAttempts + 1)));
    }
  } finally {
    await handle.close();
  }
}

/** One request for what is missing; returns what went wrong, if anything. */
async function fetchRest(
  url: string,
  handle: FileHandle,
  { path, onProgress, signal, timeout }: DownloadOptions,
): Promise<OnebasinError | undefined> {
  let remote: RemoteFile | undefined;
  try {
    const have = (await handle.stat()).size;
    remote = await openRemoteFile(url, { from: have, timeout, signal });
    let done = remote.start;
    if (done !== have) await handle.truncate(done);
    const stage = `fetching ${path}`;
    onProgress?.({ stage, done, total: remote.total ?? 0, unit: "bytes" });
    for await (const chunk of remote.chunks) {
      if (done + chunk.length > MAX_DOWNLOAD_BYTES) {
        return new OnebasinError("limit", `${url} sends more than ${MAX_DOWNLOAD_BYTES} bytes.`, { details: { url } });
      }
      await writing(path, () => handle.write(chunk));
      done += chunk.length;
      onProgress?.({ stage, done, total: Math.max(remote.total ?? 0, done), unit: "bytes" });
    }
    if (remote.total !== undefined && done < remote.total) {
      return new OnebasinError("io", `${url}: the connection ended after ${done} of ${remote.total} bytes.`);
    }
    return undefined;
  } catch (error) {
    if (error instanceof OnebasinError) return error;
    throw error;
  } finally {
    await remote?.close();
  }
}

const sizeOf = async (path: string): Promise<number> => (await stat(path).catch(() => undefined))?.size ?? 0;

async function md5OfPart(part: string): Promise<string> {
  const source = await openFileSource(part);
  return md5OfFile(source).finally(() => source.close?.());
}

/** Turns what the disk refuses into an error that a repeated request cannot mend. */
async function writing<T>(path: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (cause) {
    throw new OnebasinError("io", `${path} cannot be written: ${(cause as Error).message}.`, {
      hint: "Make room or give the right to write there, or set ONEBASIN_DATA to another folder.",
      details: { path, final: true },
      cause,
    });
  }
}
