import { badFile, overLimit, quoted } from "./file-errors.js";

/** Objects are maps: any key is only a key, `__proto__` as well, and the order is that of the text. */
export type Json = null | boolean | number | string | readonly Json[] | ReadonlyMap<string, Json>;

/** The deepest header in use has 4 levels; recursion must not exhaust the stack. */
const MAX_DEPTH = 32;
/** A value takes up to some 100 bytes of memory, so this bounds a parse to about a gigabyte. */
const MAX_VALUES = 10_000_000;

/**
 * Parses JSON as the standard has it, and refuses what `JSON.parse` lets pass unseen: keys given twice, lone
 * surrogates. Bytes must be UTF-8 without a byte order mark.
 *
 * @param name how messages name the file
 * @throws `bad-file` with the position, `limit`
 */
export function parseStrictJson(bytes: Uint8Array, name: string): Json {
  const text = decodeUtf8(bytes, name);
  const parser: Parser = { text, name, at: 0, values: 0 };
  skipSpace(parser);
  const value = parseValue(parser, 0);
  skipSpace(parser);
  if (parser.at < text.length) throw syntaxError(parser, "the JSON goes on after its end");
  return value;
}

interface Parser {
  readonly text: string;
  readonly name: string;
  at: number;
  values: number;
}

function decodeUtf8(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw badFile(name, "its JSON is not valid UTF-8");
  }
}

function syntaxError(parser: Parser, what: string) {
  return badFile(parser.name, `${what} (character ${parser.at} of its JSON)`, { position: parser.at });
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const PLAIN_STRING = /"([^"\\\p{Cc}\p{Surrogate}]*)"/uy;
const ESCAPED_STRING = /"(?:[^"\\]|\\.)*"/y;
const LONE_SURROGATE = /\p{Surrogate}/u;

function matchAt(parser: Parser, pattern: RegExp): RegExpExecArray | null {
  pattern.lastIndex = parser.at;
  const match = pattern.exec(parser.text);
  if (match !== null) parser.at = pattern.lastIndex;
  return match;
}

function skipSpace(parser: Parser): void {
  matchAt(parser, SPACE);
}

function parseValue(parser: Parser, depth: number): Json {
  if (depth > MAX_DEPTH) throw overLimit(parser.name, `its JSON is nested deeper than ${MAX_DEPTH} levels`);
  if (++parser.values > MAX_VALUES) throw overLimit(parser.name, `its JSON holds more than ${MAX_VALUES} values`);
  const character = parser.text[parser.at];
  if (character === "{") return parseObject(parser, depth);
  if (character === "[") return parseArray(parser, depth);
  if (character === '"') return parseString(parser);
  for (const [word, value] of WORDS) {
    if (!parser.text.startsWith(word, parser.at)) continue;
    parser.at += word.length;
    return value;
  }
  const number = matchAt(parser, NUMBER);
  if (number === null) throw syntaxError(parser, "a JSON value is missing or malformed");
  return Number(number[0]);
}

const WORDS = [
  ["true", true],
  ["false", false],
  ["null", null],
] as const;

function parseString(parser: Parser): string {
  const plain = matchAt(parser, PLAIN_STRING);
  if (plain !== null) return plain[1];
  const start = parser.at;
  const escaped = matchAt(parser, ESCAPED_STRING);
  if (escaped === null) throw syntaxError(parser, "a JSON string does not end");
  let value: string;
  try {
    value = JSON.parse(escaped[0]);
  } catch {
    parser.at = start;
    throw syntaxError(parser, "a JSON string is malformed");
  }
  if (LONE_SURROGATE.test(value)) throw syntaxError(parser, "a JSON string holds half a character");
  return value;
}

function parseArray(parser: Parser, depth: number): Json[] {
  const values: Json[] = [];
  parseItems(parser, "]", () => values.push(parseValue(parser, depth + 1)));
  return values;
}

function parseObject(parser: Parser, depth: number): Map<string, Json> {
  const members = new Map<string, Json>();
  parseItems(parser, "}", () => {
    if (parser.text[parser.at] !== '"') throw syntaxError(parser, "a JSON key is missing");
    const key = parseString(parser);
    if (members.has(key)) throw syntaxError(parser, `the key ${quoted(key)} is there twice`);
    skipSpace(parser);
    if (parser.text[parser.at++] !== ":") throw syntaxError(parser, "a colon is missing after a JSON key");
    skipSpace(parser);
    members.set(key, parseValue(parser, depth + 1));
  });
  return members;
}

/** The part that arrays and objects share: items between commas, up to the closing bracket. */
function parseItems(parser: Parser, close: string, parseItem: () => void): void {
  parser.at++;
  skipSpace(parser);
  if (parser.text[parser.at] === close) {
    parser.at++;
    return;
  }
  for (;;) {
    parseItem();
    skipSpace(parser);
    const separator = parser.text[parser.at++];
    if (separator === close) return;
    if (separator !== ",") throw syntaxError(parser, `a comma or "${close}" is missing`);
    skipSpace(parser);
  }
}
