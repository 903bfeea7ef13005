import { type ErrorCode, OnebasinError } from "../core/errors.js";
import type { JobResult } from "../merge/execute/job.js";

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
