import type { OnebasinError } from "../core/errors.js";
import type { OnProgress } from "../core/progress.js";
import { visibleText } from "../core/visible-text.js";
import { createProgress } from "./progress.js";

/** The terminal, as commands see it: results to standard output, everything else to standard error. */
export interface Output {
  /** The command's result, said once: as text, or with `--json` as one object. */
  readonly result: (text: string, json: object) => void;
  /** A sentence beside the result: what was decided, what to watch out for. Silent with `--quiet`. */
  readonly note: (text: string) => void;
  /** A line about work under way. Silent with `--quiet`. */
  readonly say: (text: string) => void;
  readonly onProgress: OnProgress;
  /** Takes the progress bar away. */
  readonly endProgress: () => void;
  readonly error: (error: Pick<OnebasinError, "message" | "hint"> & { readonly code?: string }) => void;
}

export interface OutputOptions {
  readonly json: boolean;
  readonly quiet: boolean;
}

export function createOutput({ json, quiet }: OutputOptions): Output {
  const progress = createProgress({ silent: quiet });
  // Messages name keys and files of strangers, which may hold anything.
  const write = (text: string): void => {
    progress.end();
    process.stderr.write(`${visibleText(text, { lines: true })}\n`);
  };
  const say = (text: string): void => {
    if (!quiet) write(text);
  };
  return {
    result: (text, object) => {
      progress.end();
      const shown = json ? JSON.stringify(object, undefined, 2) : visibleText(text, { lines: true });
      process.stdout.write(shown === "" ? "" : `${shown}\n`);
    },
    note: (text) => say(`note: ${text}`),
    say,
    onProgress: progress.onProgress,
    endProgress: progress.end,
    error: ({ message, hint, code }) => {
      write(`error: ${message}`);
      if (hint !== undefined) write(hint.replace(/^/gm, "  "));
      if (json) process.stdout.write(`${JSON.stringify({ error: { code, message, hint } }, undefined, 2)}\n`);
    },
  };
}
