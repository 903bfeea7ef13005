import { OnebasinError } from "../core/errors.js";

/** All options of a run that change what is computed, as JSON: a run is resumed only by the same ones. */
export type RunText = string;

/**
 * Holds a snapshot to the options it is resumed with.
 *
 * @param source what the snapshot is called in messages
 * @throws `mismatch`, naming every option that differs, with both values
 */
export function checkRun(before: RunText, { run, source }: { readonly run: RunText; readonly source: string }): void {
  if (before === run) return;
  throw new OnebasinError("mismatch", `${source} is of a run with other options: ${differences(before, run)}.`, {
    hint: "Give the options of the run that was interrupted, or leave --resume out to begin again.",
    details: { before, run },
  });
}

function differences(before: RunText, now: RunText): string {
  const [was, is] = [before, now].map(parse);
  if (was === undefined || is === undefined) return `${before}; now ${now}`;
  const text = (value: unknown): string => (value === undefined ? "not given" : JSON.stringify(value));
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])];
  return names
    .filter((name) => text(was[name]) !== text(is[name]))
    .map((name) => `${name} was ${text(was[name])}, is now ${text(is[name])}`)
    .join("; ");
}

function parse(text: RunText): Record<string, unknown> | undefined {
  try {
    const read: unknown = JSON.parse(text);
    return typeof read === "object" && read !== null ? (read as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
