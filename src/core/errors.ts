/**
 * What went wrong, as a stable word that programs may switch on.
 *
 * - `usage`: the command line or the call itself is wrong (exit status 2)
 * - `bad-argument`: a value is outside its range or does not fit the models
 * - `unknown-name`: a method, model, parameter, key or dataset that does not exist
 * - `bad-file`: a file is not what it claims to be, or is cut short
 * - `unsafe-file`: a file asks to run code
 * - `unsupported`: legal, but not something onebasin can read or write
 * - `mismatch`: models that cannot be combined as asked
 * - `non-finite`: NaN or infinity where numbers were expected
 * - `missing-data`: a file, dataset or package that is needed is not there
 * - `limit`: a cap that protects memory or time was reached
 * - `io`: the operating system refused to read or write
 * - `aborted`: the caller asked to stop
 */
export type ErrorCode =
  | "usage"
  | "bad-argument"
  | "unknown-name"
  | "bad-file"
  | "unsafe-file"
  | "unsupported"
  | "mismatch"
  | "non-finite"
  | "missing-data"
  | "limit"
  | "io"
  | "aborted";

export interface ErrorOptions {
  /** What the reader can do about it, as a sentence. */
  readonly hint?: string;
  /** Machine-readable facts: file, key, both values. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** The one error class of onebasin: says what, where, and what to do. */
export class OnebasinError extends Error {
  override readonly name = "OnebasinError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  /** The single problems, when several are reported together; otherwise empty. */
  readonly problems: readonly OnebasinError[];

  constructor(
    code: ErrorCode,
    message: string,
    options: ErrorOptions & { readonly problems?: readonly OnebasinError[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details ?? {};
    this.problems = options.problems ?? [];
  }
}

/**
 * Throws when `problems` is not empty: the problem itself if it is the only one, else one error that lists
 * all of them.
 *
 * @throws {OnebasinError} with the code of the first problem
 */
export function throwProblems(problems: readonly OnebasinError[], subject: string): void {
  if (problems.length === 0) return;
  if (problems.length === 1) throw problems[0];
  throw joinProblems(problems, { heading: `${problems.length} problems with ${subject}:` });
}

/**
 * One error for several problems, with the code of the first: a heading, then the problems, and the first hints.
 *
 * @param options.shown how many problems are listed; default 20, the rest is counted
 * @param options.hint instead of the hints of the problems
 */
export function joinProblems(
  problems: readonly OnebasinError[],
  { heading, shown = MAX_LISTED, hint }: { readonly heading: string; readonly shown?: number; readonly hint?: string },
): OnebasinError {
  const hints = [...new Set(problems.map((problem) => problem.hint).filter((it) => it !== undefined))];
  const messages = problems.map((problem) => problem.message);
  return new OnebasinError(problems[0].code, `${heading}\n${listed(messages, shown)}`, {
    problems,
    hint: hint ?? (hints.slice(0, MAX_HINTS).join("\n") || undefined),
  });
}

/** More hints than this are no longer read; the problems list still holds every one. */
const MAX_HINTS = 3;
/** Lines shown of a long list of problems; the rest is counted. */
const MAX_LISTED = 20;

function listed(messages: readonly string[], shown: number): string {
  // A problem may have problems of its own, which stand below it.
  const lines = messages.slice(0, shown).map((message) => `  - ${message.replace(/\n/g, "\n  ")}`);
  if (messages.length > shown) lines.push(`  … and ${messages.length - shown} more`);
  return lines.join("\n");
}
