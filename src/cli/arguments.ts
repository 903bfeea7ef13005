import { OnebasinError } from "../core/errors.js";

/** Reads values of the command line; every error is of code `usage`. */

const UNITS: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

/** Bytes, as people write them: `512MiB`, `5GB`, `1.5 GiB`. */
export function parseBytes(flag: string, text: unknown): number | undefined {
  if (text === undefined) return undefined;
  const match = /^([0-9]*\.?[0-9]+)\s*([a-z]*)$/i.exec(String(text).trim());
  const unit = match === null ? undefined : UNITS[match[2].toUpperCase()];
  if (match === null || unit === undefined || Number(match[1]) <= 0) {
    throw new OnebasinError("usage", `${flag} is "${String(text)}"; expected a size.`, {
      hint: `Write ${flag} 512MiB or ${flag} 5GB.`,
    });
  }
  return Math.floor(Number(match[1]) * unit);
}

/** A whole number of at least `min`. */
export function parseCount(flag: string, text: unknown, min = 1): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < min || String(text).trim() === "") {
    throw new OnebasinError("usage", `${flag} is "${String(text)}"; expected a whole number of at least ${min}.`);
  }
  return value;
}

/** Which numbers an option takes; all where nothing is said. */
export interface NumberRange {
  /** As messages tell it: `a number above 0`. */
  readonly expected: string;
  readonly holds: (value: number) => boolean;
}

/** A finite number in a range. */
export function parseNumber(
  flag: string,
  text: unknown,
  { expected, holds }: NumberRange = { expected: "a number", holds: () => true },
): number | undefined {
  if (text === undefined) return undefined;
  const value = String(text).trim() === "" ? Number.NaN : Number(text);
  if (Number.isFinite(value) && holds(value)) return value;
  throw new OnebasinError("usage", `${flag} is "${String(text)}"; expected ${expected}.`);
}

/** `--resume` and `--part 2/8`. */
export function parseResume(options: Readonly<Record<string, unknown>>): {
  readonly resume: boolean;
  readonly part?: { readonly part: number; readonly parts: number };
} {
  const resume = options.resume === true;
  if (options.part === undefined) return { resume };
  const match = /^([0-9]{1,6})\/([0-9]{1,6})$/.exec(String(options.part));
  const [part, parts] = match === null ? [0, 0] : [Number(match[1]), Number(match[2])];
  if (part < 1 || part > parts) {
    throw new OnebasinError("usage", `--part is "${String(options.part)}"; expected which of how many, such as 2/8.`);
  }
  return { resume, part: { part, parts } };
}

/** One of a few words. */
export function parseChoice<const C extends string>(flag: string, text: unknown, choices: readonly C[]): C | undefined {
  if (text === undefined) return undefined;
  const choice = choices.find((candidate) => candidate === text);
  if (choice === undefined)
    throw new OnebasinError("usage", `${flag} is "${String(text)}"; expected ${choices.join(", ")}.`);
  return choice;
}
