import type { Worker } from "node:worker_threads";
import type { Job, JobBackend, JobResult } from "../merge/execute/job.js";
import type { SharedSource } from "./job-io.js";
import { createPacker, fromWire, type JobAnswer, type JobRequest } from "./worker-messages.js";

/** Jobs handed to a thread ahead of time, so that it never waits for the next. */
const QUEUE_DEPTH = 2;

/** What a thread is told before its first job. */
export interface WorkerFiles {
  readonly sources: readonly SharedSource[];
  /** Paths to write to. */
  readonly files: readonly string[];
}

/** Runs jobs on threads that read and write files themselves: no tensor crosses from thread to thread. */
export function createWorkerBackend(workers: readonly Worker[], files: WorkerFiles): JobBackend {
  const pool = workers.map((worker) => new PooledWorker(worker, files));
  return {
    concurrency: pool.length * QUEUE_DEPTH,
    run: (job) => pool.reduce((least, worker) => (worker.waiting < least.waiting ? worker : least)).run(job),
    close: async () => {
      await Promise.all(pool.map((worker) => worker.close()));
    },
  };
}

/** Owns one thread. */
class PooledWorker {
  readonly #worker: Worker;
  readonly #pack = createPacker();
  readonly #answers = new Map<number, { resolve: (result: JobResult) => void; reject: (error: unknown) => void }>();
  #next = 0;

  constructor(worker: Worker, files: WorkerFiles) {
    this.#worker = worker;
    worker.postMessage(files);
    worker.on("message", ({ id, result, error }: JobAnswer) => {
      const answer = this.#answers.get(id);
      this.#answers.delete(id);
      if (error !== undefined) answer?.reject(fromWire(error));
      else answer?.resolve(result as JobResult);
    });
    worker.on("error", (error) => {
      for (const { reject } of this.#answers.values()) reject(error);
      this.#answers.clear();
    });
  }

  get waiting(): number {
    return this.#answers.size;
  }

  run(job: Job): Promise<JobResult> {
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#answers.set(id, { resolve, reject });
      const request: JobRequest = { id, job: this.#pack(job) };
      this.#worker.postMessage(request);
    });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }
}
