/** Worker thread: runs merge jobs, one after the other, on kernels and file descriptors of its own. */
import { parentPort, workerData } from "node:worker_threads";
import type { Job } from "../merge/execute/job.js";
import { createJobRunner } from "../merge/execute/run-job.js";
import { createFileJobIO, type SharedSource } from "./job-io.js";
import { type JobAnswer, toWire } from "./worker-messages.js";

const { sources, files } = workerData as { sources: SharedSource[]; files: string[] };
const io = createFileJobIO(sources, files);
const run = createJobRunner(io);
let last: Promise<unknown> = Promise.resolve();

parentPort?.on("message", ({ id, job }: { id: number; job: Job }) => {
  last = last
    .then(async () => (await run)(job))
    .then((result): JobAnswer => ({ id, result }))
    .catch((error: unknown): JobAnswer => ({ id, error: toWire(error) }))
    .then((answer) => parentPort?.postMessage(answer));
});
