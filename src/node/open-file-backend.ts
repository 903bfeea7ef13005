import { availableParallelism } from "node:os";
import type { ByteSource } from "../checkpoint/byte-source.js";
import { OnebasinError } from "../core/errors.js";
import type { JobBackend } from "../merge/execute/job.js";
import { createLocalBackend } from "../merge/execute/local-backend.js";
import { sourceIO } from "../merge/execute/source-io.js";
import type { Workload } from "../merge/execute/workload.js";
import { createFileJobIO, type SharedSource } from "./job-io.js";
import { createWorkerBackend } from "./worker-backend.js";

export const DEFAULT_MEMORY = 512 * 2 ** 20;

/** What Node and the program itself take, before any tensor: measured, rounded up. */
const BASE_MEMORY = 96 * 2 ** 20;
/** What one more thread takes, before any tensor. */
const THREAD_MEMORY = 24 * 2 ** 20;
/** Work below this is done before a second thread has started. */
const BYTES_PER_THREAD = 32 * 2 ** 20;

export interface ThreadOptions {
  /** Threads at most; the machine's cores unless told. */
  readonly threads?: number;
  /** Bytes of memory that the whole process may take, 512 MiB unless told; one thread is always used. */
  readonly memory?: number;
}

/**
 * A backend whose jobs read the sources and write to files: on threads when there is enough to do, else on this
 * one.
 *
 * @throws `limit` when the work does not fit into the memory that was allowed
 */
export async function openFileBackend(
  sources: readonly ByteSource[],
  files: readonly string[],
  work: Workload & ThreadOptions,
): Promise<JobBackend> {
  const threads = threadCount(work);
  const shared = sources.map(shareSource);
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

function threadCount({
  threads,
  memory = DEFAULT_MEMORY,
  bytes,
  memoryPerJob,
  neediest,
}: Workload & ThreadOptions): number {
  const wanted = Math.max(1, threads ?? availableParallelism());
  const useful = Math.max(1, Math.ceil(bytes / BYTES_PER_THREAD));
  const affordable = Math.floor((memory - BASE_MEMORY) / (THREAD_MEMORY + memoryPerJob));
  if (affordable < 1) {
    const least = Math.ceil((BASE_MEMORY + THREAD_MEMORY + memoryPerJob) / 2 ** 20);
    throw new OnebasinError(
      "limit",
      `${neediest ?? "This"} needs ${least} MiB of memory; ${Math.floor(memory / 2 ** 20)} MiB were allowed.`,
      {
        hint: `Allow more: --memory ${least}MiB${neediest === undefined ? "" : ". Or combine such keys by another method: --rule 'KEY: method linear'"}`,
      },
    );
  }
  return Math.min(wanted, useful, affordable);
}
