/**
 * Worker thread: runs merge jobs, one after the other, on kernels and file descriptors of its own. Its first message
 * names the files, all others are jobs.
 */
import { parentPort } from "node:worker_threads";
import { compileKernels } from "../kernels/load-kernels.js";
import type { JobResult } from "../merge/execute/job.js";
import { createJobRunner } from "../merge/execute/run-job.js";
import { createFileJobIO } from "./job-io.js";
import type { WorkerFiles } from "./worker-backend.js";
import { createUnpacker, type JobAnswer, type JobRequest, toWire } from "./worker-messages.js";

// Threads are started while a merge is planned: what needs no files is done meanwhile.
void compileKernels();

parentPort?.once("message", ({ sources, files }: WorkerFiles) => {
  const run = createJobRunner(createFileJobIO(sources, files));
  const unpack = createUnpacker();
  let last: Promise<unknown> = Promise.resolve();
  parentPort?.on("message", (request: JobRequest) => {
    const { id } = request;
    const job = unpack(request.job);
    last = last
      .then(async (): Promise<JobResult> => (await run)(job))
      .then((result): JobAnswer => ({ id, result }))
      .catch((error: unknown): JobAnswer => ({ id, error: toWire(error) }))
      .then((answer) => parentPort?.postMessage(answer));
  });
});
