import { statSync } from "node:fs";
import { createRequire } from "node:module";
import { Worker } from "node:worker_threads";
import { type ThreadLimits, threadsAtMost } from "./thread-count.js";

/** Threads that run already, and wait to hear which files they are to work on. */
export interface StartedWorkers {
  /** Gives so many, starting what is missing and ending what is too many. */
  take(count: number): Worker[];
}

/**
 * Starts the threads that a merge of these files will need: they load what they run while the merge is planned. They
 * keep no process alive until they are taken.
 */
export function startWorkers(paths: readonly string[], limits: ThreadLimits): StartedWorkers {
  const bytes = paths.reduce((total, path) => total + (statSync(path, { throwIfNoEntry: false })?.size ?? 0), 0);
  // What a job needs is not known yet; when it is much, there are fewer threads in the end.
  const count = threadsAtMost({ ...limits, bytes, memoryPerJob: 0 });
  const waiting = count > 1 ? Array.from({ length: count }, startWorker) : [];
  for (const worker of waiting) worker.unref();
  return {
    take: (wanted) => {
      const taken = waiting.splice(0, wanted);
      for (const worker of waiting.splice(0)) void worker.terminate();
      for (const worker of taken) worker.ref();
      while (taken.length < wanted) taken.push(startWorker());
      return taken;
    },
  };
}

/** By package name, so that the built worker is found from the sources too. */
export const startWorker = (): Worker => new Worker(createRequire(import.meta.url).resolve("#merge-worker"));
