import type { JobBackend, JobIO } from "./job.js";
import { createJobRunner } from "./run-job.js";

/** Runs jobs on the calling thread, one after the other. */
export async function createLocalBackend(io: JobIO & { close?(): void | Promise<void> }): Promise<JobBackend> {
  const run = await createJobRunner(io);
  let last: Promise<unknown> = Promise.resolve();
  return {
    concurrency: 1,
    run: (job) => {
      const result = last.then(() => run(job));
      last = result.catch(() => undefined);
      return result;
    },
    close: async () => {
      await io.close?.();
    },
  };
}
