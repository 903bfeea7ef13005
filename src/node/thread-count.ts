import { availableParallelism } from "node:os";
import { OnebasinError } from "../core/errors.js";
import type { Workload } from "../merge/execute/workload.js";

/** Bytes that a process takes unless told. */
export const DEFAULT_MEMORY = 512 * 2 ** 20;

/** What Node and the program itself take, before any tensor: measured, rounded up. */
export const BASE_MEMORY = 96 * 2 ** 20;
/** What one more thread takes, before any tensor. */
export const THREAD_MEMORY = 24 * 2 ** 20;
/** Work below this is done before a second thread has started. */
const BYTES_PER_THREAD = 32 * 2 ** 20;

export interface ThreadLimits {
  /** Threads at most; the machine's cores unless told. */
  readonly threads?: number;
  /** Bytes of memory that the whole process may take, 512 MiB unless told; one thread is always used. */
  readonly memory?: number;
}

/**
 * How many threads are worth having for the work, and fit into memory.
 *
 * @throws `limit` when not even one does
 */
export function threadCount(work: Workload & ThreadLimits): number {
  const { memory = DEFAULT_MEMORY, memoryPerJob, neediest } = work;
  if (affordable(work) < 1) {
    const least = Math.ceil((BASE_MEMORY + THREAD_MEMORY + memoryPerJob) / 2 ** 20);
    throw new OnebasinError(
      "limit",
      `${neediest ?? "This"} needs ${least} MiB of memory; ${sizeText(memory)} were allowed.`,
      {
        hint: `Allow more: --memory ${least}MiB${neediest === undefined ? "" : ". Or combine such keys by another method: --rule 'KEY: method linear'"}`,
      },
    );
  }
  return threadsAtMost(work);
}

const sizeText = (bytes: number): string => (bytes < 2 ** 20 ? `${bytes} bytes` : `${Math.floor(bytes / 2 ** 20)} MiB`);

/** As `threadCount`, for work of which not all is known; 0 when it does not fit. */
export function threadsAtMost(work: Workload & ThreadLimits): number {
  const wanted = Math.max(1, work.threads ?? availableParallelism());
  const useful = Math.max(1, Math.ceil(work.bytes / BYTES_PER_THREAD));
  return Math.min(wanted, useful, affordable(work));
}

const affordable = ({ memory = DEFAULT_MEMORY, memoryPerJob }: Workload & ThreadLimits): number =>
  Math.max(0, Math.floor((memory - BASE_MEMORY) / (THREAD_MEMORY + memoryPerJob)));
