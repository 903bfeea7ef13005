import { type ErrorCode, OnebasinError } from "../core/errors.js";
import type { Job, JobResult } from "../merge/execute/job.js";
import type { Pass } from "../merge/expression/program.js";

type Compute = NonNullable<Job["compute"]>;

/** A job as it crosses to a thread: a pass does so once, and is called by its number from then on. */
export type WireJob = Omit<Job, "compute"> & {
  readonly compute?: Omit<Compute, "pass"> & { readonly pass: number; readonly definition?: Pass };
};

/** Makes a function that packs jobs for one thread. */
export function createPacker(): (job: Job) => WireJob {
  const numbers = new Map<Pass, number>();
  return ({ compute, ...job }) => {
    if (compute === undefined) return job;
    const known = numbers.get(compute.pass);
    if (known !== undefined) return { ...job, compute: { ...compute, pass: known } };
    const pass = numbers.size;
    numbers.set(compute.pass, pass);
    return { ...job, compute: { ...compute, pass, definition: compute.pass } };
  };
}

/** Makes a function that unpacks what one packer packed, in its order. */
export function createUnpacker(): (wire: WireJob) => Job {
  const passes: Pass[] = [];
  return ({ compute, ...job }) => {
    if (compute === undefined) return job;
    const { pass, definition, ...rest } = compute;
    if (definition !== undefined) passes[pass] = definition;
    return { ...job, compute: { ...rest, pass: passes[pass] } };
  };
}

/** What a thread is asked for. */
export interface JobRequest {
  readonly id: number;
  readonly job: WireJob;
}

/** An error as plain data, which is all that crosses threads unharmed. */
export interface WireError {
  readonly code?: ErrorCode;
  readonly message: string;
  readonly hint?: string;
  readonly stack?: string;
}

export interface JobAnswer {
  readonly id: number;
  readonly result?: JobResult;
  readonly error?: WireError;
}

export function toWire(error: unknown): WireError {
  if (error instanceof OnebasinError) return { code: error.code, message: error.message, hint: error.hint };
  return { message: String((error as Error)?.message ?? error), stack: (error as Error)?.stack };
}

export function fromWire({ code, message, hint, stack }: WireError): Error {
  if (code !== undefined) return new OnebasinError(code, message, { hint });
  const error = new Error(message);
  if (stack !== undefined) error.stack = stack;
  return error;
}
