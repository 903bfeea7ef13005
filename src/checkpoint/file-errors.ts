import { OnebasinError } from "../core/errors.js";

/** A file that is not what it claims to be. `message` is a clause: `its header is 3 bytes long`. */
export function badFile(name: string, message: string, details: Readonly<Record<string, unknown>> = {}): OnebasinError {
  return new OnebasinError("bad-file", `${name}: ${message}.`, { details: { name, ...details } });
}

/** Something legal in a file that onebasin does not read or write. */
export function unsupported(name: string, message: string, hint: string): OnebasinError {
  return new OnebasinError("unsupported", `${name}: ${message}.`, { hint, details: { name } });
}

/** A cap was reached that keeps hostile files from taking memory or time without end. */
export function overLimit(name: string, message: string): OnebasinError {
  return new OnebasinError("limit", `${name}: ${message}.`, { details: { name } });
}

/** Longest piece of a file that messages quote. */
const MAX_QUOTED = 80;

/** Text from a file as messages show it: quoted, control characters escaped, cut when long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text);
}
