import type { Kernels } from "../../kernels/load-kernels.js";
import { dtypeBytes } from "../../tensor/dtype.js";
import type { Job, JobIO } from "./job.js";
import { type JobBuffers, outputElements } from "./job-buffers.js";

/** What a job has computed and not yet written. */
export interface GatheredOutput {
  /** Elements that wait in the buffer: the next granule's come behind them. */
  readonly waiting: number;
  /** Of all that was written; 0 unless the job asks for it. */
  readonly crc32: number;
  /** Tells that all elements before `end` are in the buffer. Done when it returns, unless it gives a promise. */
  add(end: number): void | Promise<void>;
}

/** Gathers granules of a job's output, and writes them whenever the buffer is full and at the job's end. */
export function gatherOutput(
  job: Job,
  { memory, functions }: Kernels,
  { buffers, io }: { readonly buffers: JobBuffers; readonly io: JobIO },
): GatheredOutput {
  if (job.output === undefined) return { waiting: 0, crc32: 0, add: () => undefined };
  const { file, position, dtype } = job.output;
  const bytes = dtypeBytes(dtype);
  const most = outputElements(job.output, job.granule);
  let written = job.start;
  let waiting = 0;
  let crc32 = 0;
  return {
    get waiting() {
      return waiting;
    },
    get crc32() {
      return crc32;
    },
    add: (end) => {
      waiting = end - written;
      if (waiting < most && end < job.end) return undefined;
      const length = waiting * bytes;
      if (job.checksum) crc32 = functions.crc32(crc32, buffers.output, length) >>> 0;
      const writing = io.write(file, position + written * bytes, new Uint8Array(memory.buffer, buffers.output, length));
      written = end;
      waiting = 0;
      return writing;
    },
  };
}
