import type { ByteSource } from "../checkpoint/byte-source.js";
import type { JobBackend } from "../merge/execute/job.js";
import { createLocalBackend } from "../merge/execute/local-backend.js";
import { sourceIO } from "../merge/execute/source-io.js";
import type { Workload } from "../merge/execute/workload.js";
import { createFileJobIO, type SharedSource } from "./job-io.js";
import { type StartedWorkers, startWorker } from "./start-workers.js";
import { type ThreadLimits, threadCount } from "./thread-count.js";
import { createWorkerBackend } from "./worker-backend.js";

export interface ThreadOptions extends ThreadLimits {
  /** Threads that were started ahead of time; the backend uses or ends them. */
  readonly workers?: StartedWorkers;
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
  const { workers } = work;
  const shared = sources.map(shareSource);
  if (shared.every((source) => source !== undefined)) {
    if (threads > 1) {
      const started = workers?.take(threads) ?? Array.from({ length: threads }, startWorker);
      return createWorkerBackend(started, { sources: shared, files });
    }
    workers?.take(0);
    return createLocalBackend(createFileJobIO(shared, files));
  }
  // A source that only this thread can read (a remote file): one thread does all.
  workers?.take(0);
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
