import { type Machine, pickleError, spend } from "./machine.js";

/** Python integers in checkpoints are counts, seeds and hashes; parsing takes time quadratic in their length. */
const MAX_INTEGER_DIGITS = 1000;
const MAX_INTEGER_BYTES = 512;

const LARGEST = BigInt(Number.MAX_SAFE_INTEGER);

const asNumber = (value: bigint): number | bigint => (value <= LARGEST && value >= -LARGEST ? Number(value) : value);

/** A decimal integer as protocols 0 and 1 write it. */
export function parseLong(machine: Machine, digits: string): number | bigint {
  if (digits.length > MAX_INTEGER_DIGITS || !/^[-+]?\d+$/.test(digits)) {
    throw pickleError(machine, "has a malformed number");
  }
  return asNumber(BigInt(digits.replace(/^\+/, "")));
}

/** A little-endian integer of any length, as LONG1 and LONG4 write it. */
export function twosComplement(machine: Machine, bytes: Uint8Array): number | bigint {
  if (bytes.length > MAX_INTEGER_BYTES) throw pickleError(machine, `has an integer of ${bytes.length} bytes`);
  if (bytes.length === 0) return 0;
  const hex = Array.from(bytes.toReversed(), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return asNumber(BigInt.asIntN(bytes.length * 8, BigInt(`0x${hex}`)));
}

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", "\\": "\\", "'": "'", '"': '"' };

/** A quoted string as Python 2 writes it in protocol 0. */
export function parsePythonString(machine: Machine, line: string): string {
  const quote = line[0];
  if (line.length < 2 || (quote !== "'" && quote !== '"') || !line.endsWith(quote)) {
    throw pickleError(machine, "has a malformed string");
  }
  spend(machine, line.length);
  return line
    .slice(1, -1)
    .replace(/\\(?:x([0-9a-fA-F]{2})|(.))/g, (whole, hex?: string, letter?: string) =>
      hex !== undefined ? String.fromCharCode(Number.parseInt(hex, 16)) : (ESCAPES[letter ?? ""] ?? whole),
    );
}

/** Text as protocol 0 writes it: Latin-1 with `\uXXXX` and `\UXXXXXXXX` for the rest. */
export function parseRawUnicode(line: string): string {
  return line.replace(/\\(?:u([0-9a-fA-F]{4})|U(00(?:0[0-9a-fA-F]|10)[0-9a-fA-F]{4}))/g, (_, short, long) =>
    String.fromCodePoint(Number.parseInt(short ?? long, 16)),
  );
}

/** Longest text that Python writes for a floating-point number, and more. */
const MAX_FLOAT_CHARACTERS = 64;

/** A floating-point number as protocol 0 writes it. */
export function parseFloating(machine: Machine, text: string): number {
  const named = NAMED_FLOATS.get(text);
  if (named !== undefined) return named;
  if (text.length > MAX_FLOAT_CHARACTERS || !/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) {
    throw pickleError(machine, "has a malformed number");
  }
  return Number(text);
}

const NAMED_FLOATS: ReadonlyMap<string, number> = new Map([
  ["nan", Number.NaN],
  ["inf", Number.POSITIVE_INFINITY],
  ["-inf", Number.NEGATIVE_INFINITY],
]);
